"""VSCO Workspace (formerly Táve Studio Manager), API v2: the booking system, and the galleries kept in it.

Contract: the maker's OpenAPI document ("VSCO Workspace API v2"); what it leaves open is a setting of VscoWorkspace.
"""

from billing.adapters.vsco.galleries import VscoGalleries
from billing.adapters.vsco.source import VscoWorkspace

__all__ = ["VscoGalleries", "VscoWorkspace"]
