"""Webhooks after Standard Webhooks 1.0: announcements, posted to those who have subscribed.

A lane queues a delivery for each subscription in the transaction in which it reads an announcement; couriers, of any
process, claim what is due, post it, and write down how it ended.
"""
