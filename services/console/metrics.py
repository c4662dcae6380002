"""What the console counts: requests whose rate one replica had to hold by itself."""

from prometheus_client import Counter

RATED_ALONE = Counter("interlock_requests_rated_alone", "Requests that only this replica counted")
