// SPDX-License-Identifier: Apache-2.0
/* Loaded before a program, so that it reaches no other machine: what it says it knows without. */
"use strict";

const { Socket } = require("node:net");

Socket.prototype.connect = () => { throw new Error("there is no network here"); };
