# SPDX-License-Identifier: Apache-2.0
"""Runs inside the sandbox. This package stands alone: it may import no other part of the product, nor Django.

Inside, it is imported as the top-level package `sandbox`, from a read-only place, by an interpreter without site or
environment. Whatever it returns is treated as hostile outside, for a child may have been taken over by the file it opened.
"""
