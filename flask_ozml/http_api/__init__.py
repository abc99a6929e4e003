"""The phone system's HTTP API as data: its requests and its replies."""
