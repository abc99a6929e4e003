"""The phone system's HTTP API: its requests, its replies, and their exchange."""
