"""Settings, queues as data, logs and the Redis connection. Law of the room: it knows no campaign."""
