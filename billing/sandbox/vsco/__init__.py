"""VSCO Workspace API v2 as its OpenAPI document describes it, over the sandbox's store."""

from billing.sandbox.vsco.routes import build_vsco

__all__ = ["build_vsco"]
