#!/bin/sh
# Helm gives it the rendered manifests on standard input and takes what comes out. What stands behind
# --post-renderer-args on Helm's command line arrives as its arguments.
exec pullpass inject --post-renderer --config "$(dirname "$0")/pullpass.yaml" "$@"
