"""The log on Kafka, on aiokafka's client and codecs.

Not on its producer and consumer, for three reasons. One fetch per broker serves all lanes of a process, where a
consumer per lane would keep a connection and a waiting fetch each. A record costs 1.3 µs of the processor instead of 3.
And nothing is resent behind the caller's back after its deadline, so that no late batch comes after newer ones.
"""

from shared.log.kafka.log import KafkaLog as KafkaLog
