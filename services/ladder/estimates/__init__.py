"""What is to be expected of people: models fitted to the shop's own journal, and what follows from them.

`fit` is the job, and with `fitting` and `likelihood` the only one to import scipy; what answers over HTTP does not.
"""
