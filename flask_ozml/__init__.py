"""Answer the notifications of an Ozeki Phone System from Flask views."""
