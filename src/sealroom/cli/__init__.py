# SPDX-License-Identifier: Apache-2.0
"""The command line, `sealroom`: serve, worker, demo, doctor, simulate, send, audit, check, plan, operator."""
