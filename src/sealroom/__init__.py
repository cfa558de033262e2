# SPDX-License-Identifier: Apache-2.0
"""Sealroom: confidential documents whose sender stays in control after they have left."""
