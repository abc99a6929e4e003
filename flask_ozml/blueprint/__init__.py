"""The blueprint: everything that knows Flask."""

from .ozml import OzML

__all__ = ["OzML"]
