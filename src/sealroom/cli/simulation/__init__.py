# SPDX-License-Identifier: Apache-2.0
"""Playing scenarios: files of cases and steps, answered by the product's own rules and flows under a virtual clock."""
