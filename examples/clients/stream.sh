#!/usr/bin/env bash
# Streams an answer with curl: stream.sh AGENT "question" [session]. TROUPE_URL is the service, TROUPE_TOKEN its token.
set -euo pipefail
agent=${1:?usage: stream.sh AGENT QUESTION [SESSION]}
question=${2:?usage: stream.sh AGENT QUESTION [SESSION]}

# Python writes the JSON, so that any character may stand in the question.
body=$(python3 -c 'import json, sys; print(json.dumps(dict(zip(("agent_id", "text", "session_id"), sys.argv[1:]))))' \
    "$agent" "$question" "${3:-new}")
exec curl --no-buffer --silent --show-error --fail-with-body "${TROUPE_URL:-http://127.0.0.1:7988}/v1/infer/stream" \
    --header 'content-type: application/json' ${TROUPE_TOKEN:+--header "authorization: Bearer $TROUPE_TOKEN"} \
    --data "$body"
