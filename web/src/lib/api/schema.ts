// The types of the HTTP API. Generated from runtime/openapi.json by `npm run generate`; not edited by hand.

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask whether the service is there */
        get: operations["platform_alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask whether the service answers */
        get: operations["platform_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List agents */
        get: operations["agents_list"];
        put?: never;
        /** Create an agent */
        post: operations["agents_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read an agent */
        get: operations["agents_show"];
        /** Change the fields of an agent that the body has */
        put: operations["agents_update"];
        post?: never;
        /** Delete an agent */
        delete: operations["agents_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents/{id}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose the version of an agent that is served */
        post: operations["agents_publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents/{id}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List an agent's versions that were valid, the newest first */
        get: operations["agents_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/agents/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run an agent
         * @description The run is kept: disconnecting does not stop it. Follow it with its events, or `wait` for its end.
         */
        post: operations["runs_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Answer a conversation, in OpenAI's form
         * @description `model` is `agent/NAME`, or a model's name or id. An agent's own tools run on the server and never appear; calls of
         *     the request's tools come back as `tool_calls`, and the run goes on when their tool messages come.
         */
        post: operations["chat_completions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the variables that are kept */
        get: operations["env_list"];
        put?: never;
        /** Keep a variable */
        post: operations["env_set"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/detect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** List the variables that the service reads */
        post: operations["env_detect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/env/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a variable; one that is not there is no error */
        delete: operations["env_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answer, in one JSON object */
        post: operations["inference_infer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/infer/abort": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a session's run */
        post: operations["inference_abort"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/infer/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answer, as server-sent events */
        post: operations["inference_stream"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mcp-servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List MCP servers */
        get: operations["mcp_servers_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mcp-servers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete an MCP server with its tools */
        delete: operations["mcp_servers_remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List models */
        get: operations["models_list"];
        put?: never;
        /** Register a model, or change the one of its id */
        post: operations["models_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a model in OpenAI's form */
        get: operations["openai_models_show"];
        /** Change a model; its id, too, where the body has another one */
        put: operations["models_update"];
        post?: never;
        /** Delete a model and the Secret that was made for it */
        delete: operations["models_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{owner}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a model in OpenAI's form whose id has a slash */
        get: operations["openai_models_show_below"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Describe this API (OpenAPI 3.1) */
        get: operations["description_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prompt-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List templates */
        get: operations["templates_list"];
        put?: never;
        /** Create a template, or give the one of its id another text */
        post: operations["templates_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prompt-templates/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a template */
        get: operations["templates_show"];
        /** Change a template's text, its id, or both */
        put: operations["templates_update"];
        post?: never;
        /** Delete a template */
        delete: operations["templates_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/prompt-templates/{id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Render a template with arguments */
        post: operations["templates_preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/resources/diagnostics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what is wrong with the files of resources */
        get: operations["resources_diagnostics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/resources/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a kind's resources as manifests */
        get: operations["resources_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/resources/{kind}/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a resource as a manifest with its status */
        get: operations["resources_show"];
        /**
         * Apply a manifest
         * @description With `dry_run` nothing is written: the answer is the manifest with the status that it would have; `status.findings`
         *     is a list of `{path, message, severity, line, column}`. A manifest that breaks a rule is refused as ever, with the
         *     same list as `findings` of the problem.
         */
        put: operations["resources_apply"];
        post?: never;
        /** Delete a resource */
        delete: operations["resources_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/resources/{kind}/{name}/uses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what refers to a resource */
        get: operations["resources_uses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List runs */
        get: operations["runs_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a run */
        get: operations["runs_read_one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/approvals/{call_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve or reject a call */
        post: operations["runs_approve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a run's artifacts */
        get: operations["runs_list_artifacts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/artifacts/{hash}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download an artifact */
        get: operations["runs_download"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a run
         * @description What it said so far stays. Cancelling what is over changes nothing.
         */
        post: operations["runs_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/dispatch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Dispatch a draft, or a run that is dispatched by name */
        post: operations["runs_dispatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a run
         * @description Server-sent events, each one `RunEvent` as JSON with its id; ends with the run. `Last-Event-ID` goes on behind an id
         *     without loss or repetition. With `after` a page of JSON instead.
         */
        get: operations["runs_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/input": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give the result of a call of one of the caller's tools */
        post: operations["runs_input"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run once more what is over
         * @description The same input: with the agent as it is now, or with the same composition of a model and tools.
         */
        post: operations["runs_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/runs/{id}/steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a run's steps */
        get: operations["runs_list_steps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List sessions, the one with the latest inference first */
        get: operations["sessions_list"];
        put?: never;
        /** Make a session before anything is said in it */
        post: operations["sessions_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follow statuses and titles as server-sent events */
        get: operations["sessions_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Find words in titles and turns */
        get: operations["sessions_search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a session with every turn
         * @description Reading does not make it read: `POST …/read` does.
         */
        get: operations["sessions_conversation"];
        put?: never;
        post?: never;
        /** Delete a session */
        delete: operations["sessions_delete"];
        options?: never;
        head?: never;
        /** Name a session, pin it, put it away, or give it a folder */
        patch: operations["sessions_edit"];
        trace?: never;
    };
    "/v1/sessions/{id}/context": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read what the next run is told of a session: summary, memories, numbers */
        get: operations["sessions_context"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/generate-title": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a title of what was said first */
        post: operations["sessions_generate_title"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a page of a session's turns, oldest first */
        get: operations["sessions_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make an unread session idle */
        post: operations["sessions_read"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delete a user's message and everything after it */
        post: operations["sessions_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Fetch a script that installs this program with these resources: `curl -s …/v1/setup | sh`
         * @description It holds the program and the resources that the catalog shows, and no secret: no Secret, no value of a variable, and
         *     nothing of a manifest that looks like a key.
         */
        get: operations["setup_setup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/skills/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run a skill (not served yet) */
        post: operations["runs_create_of_skill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teams/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run a team (not served yet) */
        post: operations["runs_create_of_team"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tools */
        get: operations["tools_list"];
        put?: never;
        /** Register a tool, in place of one with its id */
        post: operations["tools_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete several tools */
        delete: operations["tools_delete_batch"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools/call": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Call a tool without a model */
        post: operations["tools_call"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Connect to MCP servers, and register those that list their tools */
        post: operations["mcp_servers_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools/skill": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Register the skill in a folder */
        post: operations["tools_register_skill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tools/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change a tool; its id, too, where the body has another one */
        put: operations["tools_update"];
        post?: never;
        /** Delete a tool; one that a server offers is offered no more */
        delete: operations["tools_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read what was used */
        get: operations["runs_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/whoami": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask as whom the service knows you */
        get: operations["platform_whoami"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workflows/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run a workflow (not served yet) */
        post: operations["runs_create_of_workflow"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/children": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the folders directly below one */
        get: operations["workspace_children"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a file, or a part of it
         * @description What a browser would run (HTML, scripts, styles, XML) comes as plain text and to be kept, never to be shown as it is.
         */
        get: operations["workspace_content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a file, or a folder with everything in it */
        delete: operations["workspace_deletion"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a file to keep it */
        get: operations["workspace_download"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/duplicate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Copy a file or a folder beside itself */
        post: operations["workspace_duplicate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/folder": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a folder, with those above it */
        post: operations["workspace_folder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a folder, page by page */
        get: operations["workspace_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/rename": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rename a file or a folder */
        post: operations["workspace_rename"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find files by what is in them, or by their names
         * @description At most as many as `SEARCH_MAX_RESULTS` says; a search that takes longer than 30 seconds answers with what it found
         *     until then. In both cases the answer has the header `x-search-cut: true`.
         */
        get: operations["workspace_search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/thumbnail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look at a picture, smaller
         * @description PNG, JPEG, GIF and WebP are made smaller. Of a drawing (SVG), and of a small file of another format, the original
         *     is sent.
         */
        get: operations["workspace_thumbnail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a folder with the folders directly below it */
        get: operations["workspace_tree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/upload/init": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin an upload */
        post: operations["uploads_init"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/upload/{upload_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read what is there of an upload, to go on with it */
        get: operations["uploads_status"];
        put?: never;
        post?: never;
        /** End an upload; what came of it is removed */
        delete: operations["uploads_cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/upload/{upload_id}/chunk/{chunk_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Send a piece of an upload, also once more */
        put: operations["uploads_chunk"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/upload/{upload_id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Complete an upload: put the file in its place */
        post: operations["uploads_complete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/workspace/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the uploads that are open */
        get: operations["uploads_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Which session's run is ended. */
        AbortInput: {
            /** @description The session. */
            session_id?: string | null;
            /** @description Kill its processes at once. */
            forced?: boolean | null;
        };
        /** @description What came of it. */
        Aborted: {
            /** @description `true`. */
            ok: boolean;
            /** @description Its processes were killed at once. */
            forced?: boolean | null;
            /** @description Why nothing was to be ended. */
            note?: string | null;
        };
        /** @description What was done to an agent. */
        AgentChanged: {
            /** @description `created`, `updated` or `deleted`. */
            status: string;
            /** @description Its id. */
            agent_id: string;
        };
        /** @description S1's agent as it is shown. */
        AgentConfig: {
            /** @description Its id. */
            agent_id: string;
            /** @description The model's id; empty where the Runtime's default is used. */
            model_id: string;
            /** @description Its name for people. */
            nickname: string;
            /** @description The ids of its tools. */
            tool_ids: string[];
            /** @description The prompt template's id. */
            template_id?: string | null;
            /** @description The template's arguments. */
            template_arguments: Record<string, never>;
            /** @description The system prompt. */
            system_prompt: string;
            /** @description How it sees itself. */
            myself_view: string;
            /** @description What it does. */
            description: string;
            /** @description Its picture. */
            avatar: string;
            /** @description The heading under which it is listed. */
            group: string;
            /** @description When it was last changed. */
            last_modified: string;
            serving?: components["schemas"]["Serving"] | null;
        };
        /** @description S1's agent as it is posted; a PUT changes what is there (S1-154). Unknown fields are ignored. */
        AgentInput: {
            /** @description The model's id. */
            model_id?: string | null;
            /** @description Its name for people. */
            nickname?: string | null;
            /** @description The ids of its tools: Tools, built-in ones, and `mcp-<server>-<tool>`. */
            tool_ids?: string[] | null;
            /** @description The prompt template; null or empty for none. */
            template_id?: string | null;
            /** @description The template's arguments. */
            template_arguments?: Record<string, never> | null;
            /** @description The system prompt, where there is no template. */
            system_prompt?: string | null;
            /** @description How the agent sees itself. */
            myself_view?: string | null;
            /** @description What it does. */
            description?: string | null;
            /** @description Its picture. */
            avatar?: string | null;
            /** @description The heading under which it is listed. */
            group?: string | null;
        };
        /** @description The agents. */
        AgentList: {
            /** @description The last changed first. */
            agents: components["schemas"]["AgentConfig"][];
        };
        /** @description That the service is there. */
        Alive: {
            /** @description `ok`. */
            status: string;
        };
        /** @description The person answered, or the time for it ran out. */
        ApprovalDecided: components["schemas"]["Place"] & {
            /** @description The call's id. */
            call_id: string;
            /** @description The tool's name. */
            name: string;
            /** @description The answer. */
            approved: boolean;
            /** @description The arguments as the person edited them, as JSON text. */
            arguments?: string | null;
            /** @description Who answered, and why. */
            by: string;
        };
        /** @description An answer to a request for approval. */
        ApprovalInput: {
            /** @description The answer. */
            decision: components["schemas"]["Decision"];
            /** @description Other arguments for the call; only with `approve`. */
            arguments?: Record<string, never> | null;
            /** @description Why; the model is told on refusal. */
            comment?: string | null;
        };
        /** @description A person is asked: answer with `POST /v1/runs/{id}/approvals/{call_id}`. */
        ApprovalRequested: components["schemas"]["Place"] & components["schemas"]["CallEvent"] & {
            /** @description `policy`: the tool wants it; `interrupted`: it was begun when the service stopped and may have happened. */
            reason: string;
        };
        /** @description A result that was cut, kept whole. */
        Artifact: {
            /** @description Its address. */
            hash: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            bytes: number;
            /** @description The run of the tree whose call gave it. */
            run_id: string;
            /** @description The call. */
            call_id: string;
            /** @description The tool's name. */
            name: string;
        };
        /** @description Results that were cut, kept whole. */
        ArtifactList: {
            /** @description The results. */
            artifacts: components["schemas"]["Artifact"][];
        };
        /** @description The whole of a result that was cut. */
        ArtifactRef: {
            /** @description Its address: `GET /v1/runs/{id}/artifacts/{hash}`. */
            hash: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            bytes: number;
        };
        /**
         * @description `assistant`.
         * @enum {string}
         */
        AssistantRole: "assistant";
        /** @description An attempt to ask a model. */
        Attempt: {
            /**
             * Format: int32
             * @description Its number at the step, from 1.
             */
            attempt: number;
            /** @description The index in the agent's models: 0 the model, then its fallbacks. */
            model: number;
            /** @description `running`, `completed`, `failed`, `lost` or `stopped`. */
            status: string;
            /** @description When it began (RFC 3339, UTC). */
            started_at: string;
            /** @description When it ended. */
            finished_at?: string | null;
            /**
             * Format: double
             * @description Milliseconds that it took.
             */
            duration_ms?: number | null;
            /**
             * Format: double
             * @description Milliseconds to its first piece.
             */
            first_token_ms?: number | null;
            /** @description The error, where it failed. */
            error?: string | null;
            /** @description Tokens. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
        };
        /** @description An attempt to ask a model failed. */
        AttemptFailed: components["schemas"]["Place"] & {
            /**
             * Format: int32
             * @description The step.
             */
            step: number;
            /**
             * Format: int32
             * @description The attempt.
             */
            attempt: number;
            /** @description The provider's HTTP status, or a word such as `TIMEOUT`; `STOPPED` where the run was ended meanwhile. */
            code: string;
            /** @description What happened. */
            message: string;
            /** @description Whether anything of the answer had arrived: then it stays, and is not asked for again. */
            streamed: boolean;
            /** @description Tokens of the attempt. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
        };
        /** @description A recording. */
        AudioInput: {
            /** @description The recording in base64. */
            data: string;
            /** @description `wav` or `mp3`. */
            format?: string | null;
        };
        /** @description S1's deletion of several tools (S1-82). */
        BatchInput: {
            /** @description Their ids. */
            tool_ids: string[];
        };
        /** @description What came of it. */
        BatchOutcome: {
            /** @description Those that are gone. */
            deleted: string[];
            /** @description Those that were not there. */
            not_found: string[];
            /** @description Built-in ones. */
            skipped: string[];
        };
        /** @description A folder below the root of a tree. */
        Branch: {
            /** @description Its name. */
            name: string;
            /** @description Its whole path. */
            path: string;
            /** @description False. */
            is_root: boolean;
        };
        /** @description The arguments of a call. */
        CallArguments: string | {
            [key: string]: unknown;
        };
        /** @description A piece of a call; the first of an `index` brings id and name. */
        CallDelta: {
            /** @description The call's place among the caller's calls of this answer. */
            index: number;
            /** @description The call's id, in the first piece: what the tool message answers with. */
            id?: string | null;
            /** @description `function`, in the first piece. */
            type?: string | null;
            /** @description Name and arguments. */
            function: components["schemas"]["FunctionDelta"];
        };
        /** @description A call that the model asks for. */
        CallEvent: {
            /** @description The call's id: what approvals and inputs name. */
            call_id: string;
            /** @description The provider's id of the call. */
            provider_call_id: string;
            /** @description The tool's name as the model said it. */
            name: string;
            /** @description The arguments as JSON text; may be malformed. */
            arguments: string;
        };
        /** @description A call. Unknown fields are ignored. */
        CallInput: {
            /** @description The tool's id or name. */
            tool_id?: string | null;
            /** @description Its arguments; none by default. */
            arguments?: Record<string, never> | null;
            /** @description `text` (default) or `json`. */
            format?: string | null;
        };
        /** @description What a call of a tool gave. */
        CallResult: {
            /** @description The result: its text, or with `format: json` the JSON that it is. */
            result: unknown;
        };
        /** @description How a run is ended. */
        CancelInput: {
            /** @description Kill its processes at once. */
            forced?: boolean | null;
            /** @description Why; it is kept with the run. */
            reason?: string | null;
        };
        /** @description Someone wants the run to end. */
        CancelRequested: components["schemas"]["Place"] & {
            /** @description Who, or why. */
            by: string;
            /** @description Its processes are killed at once. */
            forced: boolean;
        };
        /** @description A whole answer. */
        ChatCompletion: {
            /** @description `chatcmpl-` and the run's id. */
            id: string;
            /** @description `chat.completion`. */
            object: string;
            /**
             * Format: int64
             * @description When the answer began, in seconds since the epoch.
             */
            created: number;
            /** @description The model, agent or team as the request named it. */
            model: string;
            /** @description One choice. */
            choices: components["schemas"]["CompletionChoice"][];
            /** @description Tokens. */
            usage: components["schemas"]["CompletionUsage"];
        };
        /** @description One chunk of a streamed answer. */
        ChatCompletionChunk: {
            /** @description `chatcmpl-` and the run's id; the same in all chunks of an answer. */
            id: string;
            /** @description `chat.completion.chunk`. */
            object: string;
            /**
             * Format: int64
             * @description When the answer began, in seconds since the epoch.
             */
            created: number;
            /** @description The model, agent or team as the request named it. */
            model: string;
            /** @description One choice; none in the chunk that brings the usage. */
            choices: components["schemas"]["ChunkChoice"][];
            usage?: components["schemas"]["CompletionUsage"] | null;
        };
        /**
         * @description A chat completion request. Fields that are not listed are ignored for agents and sent on to models of OpenAI's
         *     protocol, because its clients grow.
         */
        ChatInput: {
            /** @description `agent/NAME`, or a model's name or id. */
            model: string;
            /** @description The conversation; only what is new in it, where `session_id` names an existing session. */
            messages: components["schemas"]["MessageInput"][];
            /** @description Answer with server-sent events. */
            stream?: boolean | null;
            stream_options?: components["schemas"]["StreamOptions"] | null;
            /** @description Tools that the caller runs itself. */
            tools?: components["schemas"]["ChatTool"][] | null;
            /** @description `auto`, `none`, `required`, or the tool that must be called. */
            tool_choice?: unknown;
            /** @description Whether several calls may be asked for at once. */
            parallel_tool_calls?: boolean | null;
            response_format?: components["schemas"]["ResponseFormat"] | null;
            /**
             * Format: double
             * @description Randomness.
             */
            temperature?: number | null;
            /**
             * Format: double
             * @description Nucleus sampling.
             */
            top_p?: number | null;
            /**
             * Format: int64
             * @description The most tokens of one answer of the model.
             */
            max_tokens?: number | null;
            /**
             * Format: int64
             * @description The same under its newer name.
             */
            max_completion_tokens?: number | null;
            stop?: components["schemas"]["Stop"] | null;
            /**
             * Format: int64
             * @description For answers that repeat.
             */
            seed?: number | null;
            /**
             * Format: double
             * @description From -2 to 2.
             */
            frequency_penalty?: number | null;
            /**
             * Format: double
             * @description From -2 to 2.
             */
            presence_penalty?: number | null;
            /** @description By token: how it is favoured. */
            logit_bias?: Record<string, never> | null;
            /** @description How hard a reasoning model thinks. */
            reasoning_effort?: string | null;
            /** @description Who asks, for the provider. */
            user?: string | null;
            /**
             * Format: int32
             * @description Only 1.
             */
            n?: number | null;
            /** @description Only false. */
            logprobs?: boolean | null;
            /** @description `new`, or an existing session (ours; also as the header `X-Session-Id`). */
            session_id?: string | null;
            /** @description Abort the session's running run first (ours). */
            interrupt?: boolean | null;
        };
        /** @description A tool that the caller runs itself. */
        ChatTool: {
            /** @description `function`. */
            type: string;
            function?: components["schemas"]["FunctionInput"] | null;
        };
        /** @description The sub-agent is done. */
        ChildFinished: components["schemas"]["Place"] & {
            /** @description The call's id. */
            call_id: string;
            /** @description The tool's name. */
            name: string;
            /** @description The sub-agent's run. */
            child_run_id?: string | null;
            /** @description Its answer. */
            content: string;
            /** @description It failed. */
            is_error: boolean;
        };
        /** @description A sub-agent began to work on a call. */
        ChildStarted: components["schemas"]["Place"] & components["schemas"]["CallEvent"] & {
            /** @description The sub-agent's run. */
            child_run_id: string;
        };
        /** @description What a chunk adds to the answer. */
        ChoiceDelta: {
            /** @description `assistant`, in the first chunk. */
            role?: string | null;
            /** @description The next piece of the text. */
            content?: string | null;
            /** @description The next piece of the reasoning. */
            reasoning_content?: string | null;
            /** @description Pieces of calls of the caller's own tools. */
            tool_calls?: components["schemas"]["CallDelta"][] | null;
        };
        /** @description The choice of a chunk. */
        ChunkChoice: {
            /**
             * Format: int32
             * @description Always 0.
             */
            index: number;
            /** @description What is added. */
            delta: components["schemas"]["ChoiceDelta"];
            /** @description Always null. */
            logprobs?: Record<string, never> | null;
            /** @description `stop`, `length`, `tool_calls` or `content_filter`, in the last choice. */
            finish_reason?: string | null;
        };
        /** @description A piece that is there (S1-178). */
        ChunkDone: {
            /** @description The upload. */
            upload_id: string;
            /** @description The piece. */
            parallel_id: number;
            /**
             * Format: int64
             * @description How many bytes came.
             */
            received: number;
            /** @description `uploaded`. */
            status: string;
        };
        /** @description A piece of a file (S1-176). */
        ChunkPlan: {
            /** @description Its number, from 0. */
            parallel_id: number;
            /**
             * Format: int64
             * @description Its first byte.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many bytes.
             */
            size: number;
        };
        /** @description What is known of a piece. */
        ChunkStatus: {
            /** @description Its number, from 0. */
            parallel_id: number;
            /**
             * Format: int64
             * @description Its first byte.
             */
            offset: number;
            /**
             * Format: int64
             * @description How many bytes.
             */
            size: number;
            /** @description `pending`, `uploading` or `uploaded`. */
            status: string;
            /**
             * Format: int64
             * @description How many bytes are there; of a piece that is sent at this moment, how many came.
             */
            received: number;
        };
        /** @description A call of one of the caller's tools. */
        CompletionCall: {
            /** @description The call's id: what the tool message answers with. */
            id: string;
            /** @description `function`. */
            type: string;
            /** @description Name and arguments. */
            function: components["schemas"]["CompletionFunction"];
        };
        /** @description The choice of a whole answer. */
        CompletionChoice: {
            /**
             * Format: int32
             * @description Always 0.
             */
            index: number;
            /** @description The answer. */
            message: components["schemas"]["CompletionMessage"];
            /** @description Always null. */
            logprobs?: Record<string, never> | null;
            /** @description `stop`, `length`, `tool_calls` or `content_filter`. */
            finish_reason?: string | null;
        };
        /** @description Of the tokens written. */
        CompletionDetails: {
            /**
             * Format: int64
             * @description Reasoning.
             */
            reasoning_tokens: number;
        };
        /** @description The function of a call. */
        CompletionFunction: {
            /** @description The tool's name. */
            name: string;
            /** @description The arguments as JSON text. */
            arguments: string;
        };
        /** @description The message of a whole answer. */
        CompletionMessage: {
            /** @description `assistant`. */
            role: string;
            /** @description The text; null where the answer consists of calls only. */
            content?: string | null;
            /** @description Always null. */
            refusal?: string | null;
            /** @description The reasoning. */
            reasoning_content?: string | null;
            /** @description Calls of the caller's own tools. */
            tool_calls?: components["schemas"]["CompletionCall"][];
        };
        /** @description Tokens of this answer: of every model call that was made for it, sub-agents' included. */
        CompletionUsage: {
            /**
             * Format: int64
             * @description Tokens read.
             */
            prompt_tokens: number;
            /**
             * Format: int64
             * @description Tokens written.
             */
            completion_tokens: number;
            /**
             * Format: int64
             * @description Both.
             */
            total_tokens: number;
            /** @description Of the tokens read. */
            prompt_tokens_details: components["schemas"]["PromptDetails"];
            /** @description Of the tokens written. */
            completion_tokens_details: components["schemas"]["CompletionDetails"];
        };
        /** @description A text, or OpenAI's content parts. */
        ContentInput: string | components["schemas"]["ContentPart"][];
        /** @description A part of a message. */
        ContentPart: {
            /** @description The text. */
            text: string;
            /** @enum {string} */
            type: "text";
        } | {
            /** @description Where it is. */
            image_url: components["schemas"]["ImageForm"];
            /** @enum {string} */
            type: "image_url";
        } | {
            /** @description The recording. */
            input_audio: components["schemas"]["AudioInput"];
            /** @enum {string} */
            type: "input_audio";
        };
        /** @description A session's summary, memories and numbers. */
        ContextView: {
            summary?: components["schemas"]["SummaryView"] | null;
            /** @description The memories. */
            memory: components["schemas"]["MemoriesView"];
            /** @description The numbers. */
            snapshot: components["schemas"]["IntrospectionSnapshot"];
        };
        /** @description A session with every turn (S1-138). */
        Conversation: {
            /** @description What is said of it. */
            meta: components["schemas"]["ConversationMeta"];
            /** @description Its turns (S1-25): `role`, `content`, `timestamp`, and what else there is. */
            messages: Record<string, never>[];
        };
        /** @description What `conversation.json` says of a session (S1-36), with its title and status beside it. */
        ConversationMeta: {
            /** @description Its id. */
            session_id: string;
            /** @description When it was begun. */
            created_at: string;
            /** @description When it was last written to. */
            updated_at: string;
            /**
             * Format: int64
             * @description How many turns it has.
             */
            turn_count: number;
            /**
             * Format: int64
             * @description The tokens of its last model call.
             */
            last_total_tokens?: number | null;
            /** @description The tools of its last run, where that named some. */
            tool_ids?: string[] | null;
            /** @description The model of its last run, where that named one. */
            model_id?: string | null;
            /** @description The agent of its last run, where that named one. */
            agent_id?: string | null;
            /** @description Its own folder, else the one that its last run worked in. */
            workspace?: string | null;
            /** @description The session whose run made it, for a sub-agent's. */
            parent_session_id?: string | null;
            /** @description Its title. */
            title: string;
            /** @description `streaming`, `done_success_unread`, `done_error_unread`, `idle`, or `waiting` for a person or a client's tool. */
            status: string;
            /** @description It is at the top of the list. */
            pinned: boolean;
            /** @description It is put away. */
            archived: boolean;
        };
        /**
         * @description A person's answer.
         * @enum {string}
         */
        Decision: "approve" | "reject";
        /** @description A session that is gone. */
        Deleted: {
            /** @description `deleted`. */
            status: string;
            /** @description Its id. */
            session_id: string;
        };
        /** @description A piece of the model's answer. */
        DeltaEvent: components["schemas"]["Place"] & {
            /**
             * Format: int32
             * @description The model step.
             */
            step: number;
            /** @description What it is a piece of. */
            of: components["schemas"]["DeltaOf"];
            /** @description The piece. */
            text: string;
            /** @description Of arguments: the call's place in the message, from 0. */
            index?: number | null;
            /** @description Of arguments: the call's id. */
            call_id?: string | null;
            /** @description Of arguments, in the first piece: the provider's id of the call. */
            provider_call_id?: string | null;
            /** @description Of arguments, in the first piece: the tool's name. */
            name?: string | null;
        };
        /**
         * @description What a piece is a piece of.
         * @enum {string}
         */
        DeltaOf: "content" | "thinking" | "tool_arguments";
        /**
         * @description How a run is dispatched.
         * @enum {string}
         */
        DispatchInput: "manual";
        /** @description Done. */
        Done: {
            /** @description `true`. */
            ok: boolean;
        };
        /** @description What a dry run says. */
        DryRun: {
            /** @description Always true. */
            dry_run: boolean;
            /** @description The agent. */
            agent: string;
            /** @description The version of it that would run. */
            revision: string;
            /** @description The models: the agent's, then its fallbacks. */
            models: string[];
            /** @description The tools, by the names that the model sees. */
            tools: string[];
            /** @description The rendered instructions. */
            system: string;
            /** @description What it would be given. */
            input: components["schemas"]["InputMessage"][];
        };
        /** @description How a run ended. */
        Ending: {
            /** @description `completed`, `failed` or `cancelled`. */
            status: string;
            /** @description Completed: the limit that it came to. */
            limit?: string | null;
            /** @description Completed: what was said about the limit. */
            note?: string | null;
            /** @description Completed: the structured answer, where one was asked for. */
            output?: unknown;
            /** @description Failed: the provider's HTTP status, or a word. */
            code?: string | null;
            /** @description Failed: what happened. */
            message?: string | null;
            /** @description Cancelled: who, or why. */
            by?: string | null;
        };
        /** @description A page of a run's events. */
        EventPage: {
            /** @description The events. */
            events: components["schemas"]["RunEvent"][];
            /** @description What to send as `after` for the next page. */
            next: string;
            /** @description Whether the run is over and nothing follows. */
            done: boolean;
        };
        /** @description A file that is gone. */
        FileDeleted: {
            /** @description `deleted`. */
            status: string;
            /** @description Its whole path. */
            path: string;
        };
        /** @description A file or folder that was changed (S1-172). */
        FileInfo: {
            /** @description Its name. */
            name: string;
            /** @description Its whole path. */
            path: string;
            /** @description It is a folder. */
            is_dir: boolean;
            /**
             * Format: int64
             * @description Its size in bytes; 0 for a folder.
             */
            size: number;
            /**
             * Format: int64
             * @description When it was last changed, in milliseconds since 1970.
             */
            modified: number;
            /** @description Its media type, by its name; `inode/directory` for a folder. */
            mime_type: string;
        };
        /** @description A file or folder of the workspace (S1-164). */
        FileItem: {
            /** @description Its name. */
            name: string;
            /** @description Its whole path. */
            path: string;
            /** @description It is a folder. */
            is_dir: boolean;
            /**
             * Format: int64
             * @description Its size in bytes; 0 for a folder.
             */
            size: number;
            /**
             * Format: int64
             * @description When it was last changed, in milliseconds since 1970.
             */
            modified: number;
            /** @description It is a text, by its name. */
            is_text: boolean;
            /** @description It is an image, by its name. */
            is_image: boolean;
            /** @description It is a recording, by its name. */
            is_audio: boolean;
            /** @description It is a film, by its name. */
            is_video: boolean;
        };
        /** @description A page of a folder (S1-165). */
        FileList: {
            /** @description Folders first, then by name. */
            files: components["schemas"]["FileItem"][];
            /** @description There are more pages. */
            has_more: boolean;
            /** @description How many there are in all. */
            total: number;
        };
        /** @description Something wrong with a file. */
        Finding: {
            /** @description The file. */
            file: string;
            /** @description The line in it, from 1. */
            line: number;
            /** @description The column, from 1, where one is known. */
            column?: number | null;
            /** @description The object's kind, where it could be read. */
            kind?: string | null;
            /** @description The object's name, where it could be read. */
            name?: string | null;
            /** @description The field; empty for the document as a whole. */
            path: string;
            /** @description What is wrong and what to write instead. */
            message: string;
            /** @description `error` or `warning`. */
            severity: string;
        };
        /** @description What is wrong with the folders. */
        Findings: {
            /** @description By file and line. */
            items: components["schemas"]["Finding"][];
        };
        /** @description A folder in a tree (S1-167). */
        Folder: {
            /** @description Its name. */
            name: string;
            /** @description Its whole path. */
            path: string;
        };
        /** @description A place where words were found. */
        Found: {
            /** @description The session. */
            session_id: string;
            /** @description Its title. */
            title: string;
            /** @description The time of the turn that has the words; none where the title has them. */
            timestamp?: string | null;
            /** @description The turn's text around the words. */
            excerpt?: string | null;
        };
        /** @description What was found, the best first. */
        FoundList: {
            /** @description The places. */
            results: components["schemas"]["Found"][];
        };
        /** @description A piece of a call's function. */
        FunctionDelta: {
            /** @description The tool's name, in the first piece. */
            name?: string | null;
            /** @description The next piece of the arguments' JSON text. */
            arguments: string;
        };
        /** @description What a tool of the caller is. */
        FunctionInput: {
            /** @description `[A-Za-z0-9_-]{1,64}`. */
            name: string;
            /** @description What it does. */
            description?: string | null;
            /** @description The JSON Schema of its arguments. */
            parameters?: Record<string, never> | null;
        };
        /** @description An image: where it is, or an object that says so. */
        ImageForm: string | components["schemas"]["ImageInput"];
        /** @description An image. */
        ImageInput: {
            /** @description A data URI, base64, or a URL. */
            url: string;
        };
        /** @description S1's request (S1-20, S1-53). Unknown fields are ignored, because its clients grow. */
        InferInput: {
            /** @description The model's id; required unless `agent_id` is given. */
            model_id?: string | null;
            /** @description A saved agent, instead of model and tools. */
            agent_id?: string | null;
            /** @description The tools' ids. */
            tool_ids?: string[] | null;
            /** @description The messages; they win over `text`. */
            messages?: components["schemas"]["MessageInput"][] | null;
            /** @description One user message. */
            text?: string | null;
            /**
             * Format: int32
             * @description Rounds of tool calls.
             */
            max_tool_rounds?: number | null;
            /** @description `new`, or an existing session; without it, or with an unknown one, the call is stateless. */
            session_id?: string | null;
            /** @description The folder that tools work in. */
            workspace?: string | null;
            model?: components["schemas"]["ModelConfigInput"] | null;
            model_config_override?: components["schemas"]["ModelConfigInput"] | null;
            /** @description Abort the session's running run first. */
            interrupt?: boolean | null;
        };
        /**
         * @description `init`.
         * @enum {string}
         */
        InitWord: "init";
        /** @description A message that the run was given. */
        InputMessage: {
            /** @description `system`, `user`, `assistant` or `tool`. */
            role: string;
            /** @description The text. */
            content: string;
            /** @description How many images it has. */
            images: number;
            /** @description Whether it has a recording. */
            audio: boolean;
        };
        /** @description The caller's own calls: answer each with `POST /v1/runs/{id}/input`. */
        InputRequired: components["schemas"]["Place"] & {
            /** @description The calls. */
            calls: components["schemas"]["CallEvent"][];
        };
        /** @description A session's context in numbers (S1-27). `total_turns` is always `summarized_turns` + `recent_window_size`. */
        IntrospectionSnapshot: {
            /** @description The session. */
            session_id: string;
            /**
             * Format: int64
             * @description Turns in all.
             */
            total_turns: number;
            /**
             * Format: int64
             * @description Turns that the summary covers.
             */
            summarized_turns: number;
            /**
             * Format: int64
             * @description Turns that the next run is told as they were said.
             */
            recent_window_size: number;
            /** @description Memories. */
            memory_entry_count: number;
            /** @description Memories by their type. */
            memory_entries_by_type: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description The version of the summary; 0 without one.
             */
            summary_version: number;
            /**
             * Format: int64
             * @description What all of it comes to, at four characters a token.
             */
            estimated_context_tokens: number;
            /**
             * Format: int64
             * @description The tokens that the session's model reads, where known.
             */
            token_budget?: number | null;
        };
        /** @description A schema that the answer must satisfy. */
        JsonSchemaInput: {
            /** @description Its name. */
            name?: string | null;
            /** @description The JSON Schema. */
            schema: Record<string, never>;
            /** @description Whether the provider is to force it, where it can. */
            strict?: boolean | null;
        };
        /** @description Names of variables. */
        KnownVariables: {
            /** @description Those that the service reads. */
            keys: string[];
        };
        /** @description A limit was reached. */
        LimitReached: components["schemas"]["Place"] & {
            /** @description `tool_rounds`, `tool_calls`, `tokens`, `cost` or `time`. */
            limit: string;
        };
        /** @description A resource with its status, as `kubectl get -o json` shows it. */
        Manifest: {
            /** @description `troupe.dev/v1alpha1`. */
            apiVersion: string;
            /** @description `Model`, `Agent`, …. */
            kind: string;
            /** @description Its `name`, `annotations`, and in answers `resourceVersion`. */
            metadata: Record<string, never>;
            /** @description What it says: the fields of its kind, as `kubectl explain` tells them. */
            spec: Record<string, never>;
            /** @description In answers: conditions, revisions, the file and its line. */
            status?: Record<string, never> | null;
        };
        /** @description What was deleted. */
        ManifestDeleted: {
            /** @description `deleted`. */
            status: string;
            /** @description Its kind. */
            kind: string;
            /** @description Its name or id. */
            name: string;
        };
        /** @description A page of manifests, by name. */
        ManifestList: {
            /** @description The manifests. */
            items: components["schemas"]["Manifest"][];
            /** @description What to send as `cursor` for the next page; null on the last. */
            cursor?: string | null;
        };
        /** @description The memories of a session (S1-38). */
        MemoriesView: {
            /** @description The session. */
            session_id: string;
            /** @description How many there are. */
            entry_count: number;
            /** @description When they were last written. */
            updated_at?: string | null;
            /** @description The memories. */
            entries: components["schemas"]["MemoryView"][];
        };
        /** @description A memory (S1-26). */
        MemoryView: {
            /** @description `fact`, `preference`, `decision` or `entity`. */
            entry_type: string;
            /** @description What is remembered. */
            content: string;
            /**
             * Format: int64
             * @description The number of the turn that it came from.
             */
            source_turn_index: number;
            /**
             * Format: double
             * @description From 0 to 1.
             */
            confidence: number;
            /** @description When it was taken. */
            created_at: string;
        };
        /** @description A call of an assistant message: name and arguments in it, as S1 has them, or in `function`, as OpenAI does. */
        MessageCall: {
            /** @description The call's id, which a tool message names. */
            id?: string | null;
            /** @description The tool's name. */
            name?: string | null;
            arguments?: components["schemas"]["CallArguments"] | null;
            function?: components["schemas"]["MessageFunction"] | null;
        };
        /** @description The model's message is whole. */
        MessageEvent: components["schemas"]["Place"] & {
            /**
             * Format: int32
             * @description The step.
             */
            step: number;
            /**
             * Format: int32
             * @description The attempt.
             */
            attempt: number;
            /** @description The text. */
            content: string;
            /** @description The reasoning. */
            thinking?: string;
            /** @description The calls that it asks for. */
            tool_calls?: components["schemas"]["CallEvent"][];
            /** @description `stop`, `tool_calls`, `length` or `content_filter`. */
            finish_reason: string;
            /** @description Why the text does not satisfy the output schema, where it must and does not. */
            invalid?: string | null;
            /** @description Tokens. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
            /**
             * Format: double
             * @description Milliseconds to the first piece.
             */
            first_token_ms?: number | null;
            /**
             * Format: double
             * @description Milliseconds of the call.
             */
            duration_ms: number;
        };
        /** @description The function of a call. */
        MessageFunction: {
            /** @description The tool's name. */
            name: string;
            arguments?: components["schemas"]["CallArguments"] | null;
        };
        /** @description A message of a request (S1-18), lenient with what its clients add. */
        MessageInput: {
            /** @description `system`, `user`, `assistant` or `tool`; S1's `usage` messages are passed over. */
            role: string;
            content?: components["schemas"]["ContentInput"] | null;
            /** @description The speaker's or the tool's name. */
            name?: string | null;
            /** @description Reasoning of an assistant message. */
            thinking?: string | null;
            /** @description Calls of an assistant message: S1's or OpenAI's form. */
            tool_calls?: components["schemas"]["MessageCall"][] | null;
            /** @description Images: data URIs, base64, URLs, or paths in the workspace. */
            images?: string[] | null;
            /** @description A recording in base64. */
            audio?: string | null;
            /** @description The template that an empty content is rendered from. */
            prompt_template?: string | null;
            /** @description The template's arguments. */
            arguments?: Record<string, never> | null;
            /** @description S1's id of the tool of a tool message. */
            tool_id?: string | null;
            /** @description The id of the call that a tool message answers. */
            tool_use_id?: string | null;
        };
        /** @description A page of a session's turns. */
        MessagePage: {
            /** @description The turns (S1-25), oldest first. */
            messages: Record<string, never>[];
            /** @description Where the next page begins, where there is one. */
            next_cursor?: string | null;
        };
        /** @description What was done to a model. */
        ModelChanged: {
            /** @description `registered`, `updated` or `deleted`. */
            status: string;
            /** @description Its id. */
            model_id: string;
        };
        /** @description S1's `ModelConfig` as it is shown: all seven fields, the key as a mask. */
        ModelConfig: {
            /** @description Its id. */
            model_id: string;
            /** @description The endpoint. */
            api_base: string;
            /** @description The provider's name of the model. */
            model_name: string;
            /** @description A mask where there is a key, else empty. */
            api_key: string;
            /** @description `llm` or `vlm`. */
            model_type: string;
            /** @description The wire format. */
            api_protocol: string;
            /** @description Parameters. */
            generate_params: Record<string, never>;
        };
        /** @description S1's model configuration as a request may bring it (S1-16). */
        ModelConfigInput: {
            /** @description Its id. */
            model_id?: string | null;
            /** @description The endpoint. */
            api_base?: string | null;
            /** @description The provider's name of the model. */
            model_name?: string | null;
            /** @description The key; kept in memory only. */
            api_key?: string | null;
            /** @description `llm` or `vlm`. */
            model_type?: string | null;
            /** @description `openai`, `ollama` or `anthropic`. */
            api_protocol?: string | null;
            /** @description Free-form parameters. */
            generate_params?: Record<string, never> | null;
        };
        /** @description S1's `ModelConfig` as it is posted. Unknown fields are ignored. */
        ModelInput: {
            /** @description Its id; any text. */
            model_id?: string | null;
            /** @description The endpoint with its version path. */
            api_base?: string | null;
            /** @description The provider's name of the model. */
            model_name?: string | null;
            /** @description The key: it becomes a Secret. Absent or equal to the mask keeps the one that is there, an empty one removes it. */
            api_key?: string | null;
            /** @description `llm` (default) or `vlm`. */
            model_type?: string | null;
            /** @description `openai` (default), `openai-responses`, `ollama` or `anthropic`. */
            api_protocol?: string | null;
            /** @description Free-form parameters. */
            generate_params?: Record<string, never> | null;
        };
        /** @description Models twice: as OpenAI lists them, agents included, and as S1 does. */
        ModelList: {
            /** @description `list`. */
            object: string;
            /** @description Models and agents: what `model` of a chat completion may be. */
            data: components["schemas"]["ModelObject"][];
            /** @description The models with their settings. */
            models: components["schemas"]["ModelConfig"][];
        };
        /** @description A model or an agent as OpenAI lists it. */
        ModelObject: {
            /** @description The model's id, or `agent/NAME`. */
            id: string;
            /** @description `model`. */
            object: string;
            /**
             * Format: int64
             * @description When it was last changed, in seconds since the epoch.
             */
            created: number;
            /** @description The model's protocol, or `troupe` for an agent. */
            owned_by: string;
        };
        /** @description An error in OpenAI's form. */
        OpenAiError: {
            /** @description What is wrong, and the remedy. */
            message: string;
            /** @description `invalid_request_error`, `rate_limit_error` or `server_error`. */
            type: string;
            /** @description The field of the request that is wrong. */
            param?: string | null;
            /** @description A word for programs, such as `model_not_found`. */
            code?: string | null;
        };
        /** @description OpenAI's envelope of errors. */
        OpenAiErrorBody: {
            /** @description The error. */
            error: components["schemas"]["OpenAiError"];
        };
        /** @description A file or a folder. */
        PathInput: {
            /** @description Its whole path, or the path below the workspace. */
            path: string;
            /** @description A session, whose workspace is meant; without one, the caller's. */
            session_id?: string | null;
        };
        /** @description Where an event stands. */
        Place: {
            /** @description `<seq>.<n>`, increasing in the stream: what `Last-Event-ID` takes. Events that come from one cause share it. */
            id: string;
            /** @description The run of the tree that it is of: the one that was asked for, or one of its sub-agents'. */
            run_id: string;
            /** @description When it happened (RFC 3339, UTC); pieces of an answer have no time. */
            at?: string | null;
        };
        /** @description A rendered template. */
        Preview: {
            /** @description The text. */
            text: string;
            /** @description Every name that the template takes, in the order in which they appear. */
            placeholders: string[];
            /** @description Those for which there is neither an argument nor a default; they stay as they are written. */
            missing: string[];
        };
        /** @description What a preview is made of. */
        PreviewInput: {
            /** @description Values by name. */
            arguments?: Record<string, never>;
        };
        /** @description A problem as it is answered (RFC 9457). */
        ProblemBody: {
            /** @description `about:blank`: the status says the kind. */
            type: string;
            /** @description The status in words. */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What is wrong, and the remedy. */
            detail: string;
            /** @description The same as `detail`. */
            error: string;
            /** @description The field of the request that is wrong. */
            field?: string | null;
            /** @description Every field that is wrong, where the request brings a resource. */
            findings?: components["schemas"]["ProblemFinding"][] | null;
        };
        /** @description Something wrong with a request that brings a resource. */
        ProblemFinding: {
            /** @description The field; empty for the whole. */
            path: string;
            /** @description What is wrong and what to write instead. */
            message: string;
            /** @description `error` or `warning`. */
            severity: string;
            /** @description The line in the text that was sent, from 1, where one is known. */
            line?: number | null;
            /** @description The column, from 1, where one is known. */
            column?: number | null;
        };
        /** @description Of the tokens read. */
        PromptDetails: {
            /**
             * Format: int64
             * @description From the provider's cache.
             */
            cached_tokens: number;
        };
        /** @description Which revision is to be served. */
        PublishInput: {
            /** @description A revision's hash or short id; absent = the newest valid one; null = always the newest, nothing is pinned. */
            revision?: string | null;
        };
        /** @description Which version of an agent is served from now on. */
        Published: {
            /** @description `published` or `unpublished`. */
            status: string;
            /** @description The agent. */
            agent_id: string;
            /** @description The version's hash; null where always the newest is served. */
            revision?: string | null;
        };
        /** @description That the service answers, and how busy it is. */
        Ready: {
            /** @description `ready`, or `stopping`. */
            status: string;
            /** @description Runs that are running. */
            running: number;
            /** @description Runs that wait for a slot. */
            queued: number;
        };
        /** @description An object that refers to another one. */
        Referrer: {
            /** @description Its kind. */
            kind: string;
            /** @description Its name. */
            name: string;
            /** @description The field that refers, such as `spec.modelRef`. */
            path: string;
        };
        /** @description Who refers to an object. */
        Referrers: {
            /** @description By kind and name. */
            items: components["schemas"]["Referrer"][];
            /** @description How many more there are, of kinds that the caller may not list. */
            others: number;
        };
        /** @description What came of registering servers. */
        Registered: {
            /** @description The servers that answered, by name. */
            registered_servers: string[];
            /** @description The ids of their tools. */
            registered_tools: string[];
            /** @description What went wrong with others. */
            errors?: string[];
        };
        /** @description A file that gets another name. */
        RenameInput: {
            /** @description Its whole path, or the path below the workspace. */
            path: string;
            /** @description Its new name in the same folder. */
            new_name: string;
            /** @description A session, whose workspace is meant; without one, the caller's. */
            session_id?: string | null;
        };
        /** @description What a reader is told. */
        ResourceEvent: {
            /** @description As manifests with their status, by name. */
            items: Record<string, never>[];
            /** @enum {string} */
            event: "init";
        } | {
            /** @description As a manifest with its status. */
            object: Record<string, never>;
            /** @enum {string} */
            event: "added";
        } | {
            /** @description As a manifest with its status. */
            object: Record<string, never>;
            /** @enum {string} */
            event: "modified";
        } | {
            /** @description Its name. */
            name: string;
            /** @enum {string} */
            event: "deleted";
        };
        /** @description The form of the answer. */
        ResponseFormat: {
            /** @description `text`, `json_object` or `json_schema`. */
            type: string;
            json_schema?: components["schemas"]["JsonSchemaInput"] | null;
        };
        /** @description The result of a call that the caller made itself. */
        ResultInput: {
            /** @description The call. */
            call_id: string;
            /** @description The result: a text, or any JSON. */
            content: unknown;
            /** @description The call failed; `content` says how. */
            is_error?: boolean | null;
        };
        /** @description A version of an agent that was valid once. */
        RevisionItem: {
            /** @description Its hash. */
            revision: string;
            /** @description The first digits of it. */
            short: string;
            /** @description When it was first seen. */
            created_at: string;
            /** @description When it last became the newest. */
            current_at: string;
            /** @description It is the newest: the draft, where another one is served. */
            current: boolean;
            /** @description The agent pins it. */
            published: boolean;
            /** @description It is served. */
            serving: boolean;
            /** @description What it says. */
            spec: Record<string, never>;
        };
        /** @description An agent's versions. */
        RevisionList: {
            /** @description The newest first. */
            items: components["schemas"]["RevisionItem"][];
        };
        /** @description S1's body of a revoke (S1-142). */
        RevokeInput: {
            /** @description The time of the user's message that goes, with everything after it. */
            timestamp?: string | null;
            /** @description End the session's runs first. */
            forced?: boolean | null;
            /** @description Accepted: files are never changed by a revoke. */
            keep_files?: boolean | null;
        };
        /** @description What a revoke did. */
        RevokedView: {
            /** @description `success`. */
            status: string;
            /** @description The session. */
            session_id: string;
            /**
             * Format: int64
             * @description How many turns are gone.
             */
            removed_count: number;
        };
        /**
         * @description `round`.
         * @enum {string}
         */
        RoundName: "round";
        /** @description A run. */
        Run: components["schemas"]["RunSummary"] & {
            /** @description What it said in all its steps; empty before it says anything. */
            answer: string;
            /** @description What it waits for. */
            waiting_for: components["schemas"]["Waiting"][];
        };
        /** @description The run exists. */
        RunAccepted: components["schemas"]["Place"] & {
            /** @description The agent's name; empty for a model and tools composed for this run. */
            agent: string;
            /** @description The session. */
            session_id?: string | null;
            /** @description For a sub-agent: the run whose call it answers. */
            parent_run_id?: string | null;
            /** @description For a sub-agent: the call. */
            parent_call_id?: string | null;
            /**
             * Format: int32
             * @description How deep it is below the root; 0 for the root.
             */
            depth: number;
            /** @description What it was given. */
            input: components["schemas"]["InputMessage"][];
        };
        /** @description Something that happened in a run, told by `type`. */
        RunEvent: (components["schemas"]["RunAccepted"] & {
            /** @enum {string} */
            type: "run_accepted";
        }) | (components["schemas"]["RunStarted"] & {
            /** @enum {string} */
            type: "run_started";
        }) | (components["schemas"]["StepStarted"] & {
            /** @enum {string} */
            type: "step_started";
        }) | (components["schemas"]["DeltaEvent"] & {
            /** @enum {string} */
            type: "delta";
        }) | (components["schemas"]["StepRestarted"] & {
            /** @enum {string} */
            type: "step_restarted";
        }) | (components["schemas"]["AttemptFailed"] & {
            /** @enum {string} */
            type: "attempt_failed";
        }) | (components["schemas"]["MessageEvent"] & {
            /** @enum {string} */
            type: "message";
        }) | (components["schemas"]["ToolStarted"] & {
            /** @enum {string} */
            type: "tool_started";
        }) | (components["schemas"]["ToolFinished"] & {
            /** @enum {string} */
            type: "tool_finished";
        }) | (components["schemas"]["ApprovalRequested"] & {
            /** @enum {string} */
            type: "approval_requested";
        }) | (components["schemas"]["ApprovalDecided"] & {
            /** @enum {string} */
            type: "approval_decided";
        }) | (components["schemas"]["InputRequired"] & {
            /** @enum {string} */
            type: "input_required";
        }) | (components["schemas"]["ChildStarted"] & {
            /** @enum {string} */
            type: "child_started";
        }) | (components["schemas"]["ChildFinished"] & {
            /** @enum {string} */
            type: "child_finished";
        }) | (components["schemas"]["LimitReached"] & {
            /** @enum {string} */
            type: "limit_reached";
        }) | (components["schemas"]["CancelRequested"] & {
            /** @enum {string} */
            type: "cancel_requested";
        }) | (components["schemas"]["RunFinished"] & {
            /** @enum {string} */
            type: "run_finished";
        });
        /** @description The run is over. */
        RunFinished: components["schemas"]["Place"] & components["schemas"]["Ending"] & {
            /** @description Tokens: of the whole tree for the root, of its own steps for a sub-agent. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
        };
        /** @description A run to be started. */
        RunInput: {
            /** @description What it is given: one user message as a text, a list of messages, or an object, told to the agent as JSON. */
            input: components["schemas"]["RunInputForm"];
            /** @description `new`, or an existing session. */
            session_id?: string | null;
            /** @description Another version of the agent than the one that serves, by its hash or short id. */
            revision?: string | null;
            /** @description Say what would run, and run nothing. */
            dry_run?: boolean | null;
            /**
             * Format: int64
             * @description Seconds to wait for its end, at most 600; it goes on afterwards.
             */
            wait?: number | null;
            status?: components["schemas"]["StatusInput"] | null;
            dispatch?: components["schemas"]["DispatchInput"] | null;
            /** @description Abort the session's running run first. */
            interrupt?: boolean | null;
        };
        /** @description What a run is given: a text, messages, or an object, told to the agent as JSON. */
        RunInputForm: string | components["schemas"]["MessageInput"][] | {
            [key: string]: unknown;
        };
        /** @description A page of runs, newest first. */
        RunList: {
            /** @description The runs. */
            runs: components["schemas"]["RunSummary"][];
            /** @description What to send as `cursor` for the next page; absent on the last. */
            next_cursor?: string | null;
        };
        /** @description The run began. */
        RunStarted: components["schemas"]["Place"];
        /** @description What is listed of a run. */
        RunSummary: {
            /** @description Its id; ids sort by time. */
            id: string;
            /** @description `agent`, or `adhoc` for a model and tools composed for it. */
            kind: string;
            /** @description The agent's name; the model's of an ad-hoc one. */
            target: string;
            /** @description The model that it began with. */
            model: string;
            /** @description Its session. */
            session_id?: string | null;
            /** @description `draft`, `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`. */
            status: string;
            outcome?: components["schemas"]["Ending"] | null;
            /** @description Tokens of the whole tree so far. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
            /** @description When it was created (RFC 3339, UTC). */
            created_at: string;
            /** @description When it began. */
            started_at?: string | null;
            /** @description When it last changed. */
            updated_at: string;
            /** @description When it ended. */
            finished_at?: string | null;
            /** @description Whether it is kept; false for one that lives in memory only and is gone when it ends. */
            durable: boolean;
        };
        /** @description S1's whole answer. */
        S1Answer: {
            /** @description Whether it went well. */
            success: boolean;
            /** @description The turns of this call. */
            messages: components["schemas"]["S1Delta"][];
            /** @description The run. */
            run_id?: string | null;
            /** @description The session, where there is one. */
            session_id?: string | null;
            stat?: components["schemas"]["Stat"] | null;
            /** @description What went wrong. */
            error?: string | null;
            /** @description The code that stands for it. */
            error_code?: string | null;
        };
        /** @description `event: approval`: the run waits for a person; answer with `POST /v1/runs/{id}/approvals/{call_id}`. */
        S1Approval: {
            /** @description `approval_requested`. */
            type: string;
            /** @description The run. */
            run_id: string;
            /** @description The call: what the answer names. */
            call_id: string;
            /** @description The provider's id of the call. */
            tool_call_id?: string | null;
            /** @description The tool's name. */
            name?: string | null;
        };
        /** @description The stream ends before the run does: words that went out cannot be taken back. */
        S1Broken: {
            /** @description What happened. */
            error: string;
            /** @description `STEP_RESTARTED`. */
            error_code: string;
            /** @description The run, to be read again. */
            run_id: string;
        };
        /** @description A piece of a call (S1-19, S1-57). */
        S1Call: {
            /** @description The call's place in the message. */
            _index?: number | null;
            /** @description The call's id, in the first piece. */
            id?: string | null;
            /** @description The tool's name, in the first piece; empty in the others. */
            name?: string;
            /** @description The next piece of the arguments' JSON text. */
            arguments?: string;
        };
        /** @description Pieces of calls: the first piece of each has its id and name. */
        S1Calls: {
            /** @description `assistant`. */
            role: components["schemas"]["AssistantRole"];
            /** @description Empty. */
            content: string;
            /** @description The agent's name for people, for a saved one. */
            name?: string | null;
            /** @description The agent's id, for a saved one. */
            assistant_id?: string | null;
            /** @description The pieces. */
            tool_calls: components["schemas"]["S1Call"][];
        };
        /** @description A piece of a sub-agent's answer; `streaming: false` ends it. */
        S1Delegate: {
            /** @description `tool`. */
            role: components["schemas"]["ToolRole"];
            /** @description Empty. */
            content: string;
            /** @description `delegate`, or the tool's name. */
            name: string;
            /** @description The id of the call that the sub-agent works on. */
            tool_call_id: string;
            /** @description Whether more follows. */
            streaming: boolean;
            /** @description The piece. */
            delta?: string | null;
            /**
             * Format: int32
             * @description How deep the sub-agent is, from 1.
             */
            depth: number;
        };
        /** @description A message as S1's frames carry it: role and content always, the rest where there is some. */
        S1Delta: {
            /** @description `assistant`, `tool` or `usage`. */
            role: string;
            /** @description The text. */
            content: string;
            /** @description The speaker's or the tool's name; `round` on usage frames. */
            name?: string | null;
            /** @description A piece of reasoning. */
            thinking?: string | null;
            /** @description Pieces of calls. */
            tool_calls?: components["schemas"]["S1Call"][] | null;
            /** @description The tool's id. */
            tool_id?: string | null;
            /** @description The id of the call that a tool frame answers. */
            tool_use_id?: string | null;
            /** @description The agent's id. */
            assistant_id?: string | null;
            /** @description On delegates' frames: the call. */
            tool_call_id?: string | null;
            /** @description On delegates' frames: more follows. */
            streaming?: boolean | null;
            /** @description On delegates' frames: the piece. */
            delta?: string | null;
            /**
             * Format: int32
             * @description On delegates' frames: how deep the sub-agent is.
             */
            depth?: number | null;
            /** @description Beside an error that is told in the text: its code. */
            error_code?: string | null;
        };
        /**
         * @description What the `data` of a frame of `/v1/infer/stream` may be; which one stands first is told by `event`, `role` and the
         *     fields that are there. Every stream ends with the text `[DONE]`, which is no JSON.
         */
        S1Frame: components["schemas"]["S1Init"] | components["schemas"]["S1Words"] | components["schemas"]["S1Calls"] | components["schemas"]["S1Result"] | components["schemas"]["S1Delegate"] | components["schemas"]["S1Round"] | components["schemas"]["S1Approval"] | components["schemas"]["S1Broken"];
        /** @description `event: init`: which run and session this is. */
        S1Init: {
            /** @description The session; null for a call without one. */
            session_id?: string | null;
            /** @description `init`. */
            type: components["schemas"]["InitWord"];
            /** @description The run. */
            run_id: string;
            /** @description The timestamp of the user's turn, what a revoke names. */
            user_message_timestamp?: string | null;
            /** @description Whether there is a system prompt. */
            has_system_prompt: boolean;
            /** @description The agent's id, for a saved one. */
            agent_id?: string | null;
            /** @description The agent's name for people. */
            agent_nickname?: string | null;
            /** @description The session's title. */
            title?: string | null;
        };
        /** @description The result of a call. */
        S1Result: {
            /** @description `tool`. */
            role: components["schemas"]["ToolRole"];
            /** @description The result; starts with `Error: ` where the call failed. */
            content: string;
            /** @description The tool's name. */
            name: string;
            /** @description The tool's id. */
            tool_id?: string | null;
            /** @description The id of the call. */
            tool_use_id: string;
        };
        /** @description A round is over: one call of the model. */
        S1Round: {
            /** @description `usage`. */
            role: components["schemas"]["UsageRole"];
            /** @description `round`. */
            name: components["schemas"]["RoundName"];
            /** @description A `Stat` as JSON text. */
            content: string;
        };
        /** @description A piece of the answer or of the reasoning; an error is told in the text, too, with its code beside it. */
        S1Words: {
            /** @description `assistant`. */
            role: components["schemas"]["AssistantRole"];
            /** @description The next piece of the text; empty beside `thinking`. */
            content: string;
            /** @description The agent's name for people, for a saved one. */
            name?: string | null;
            /** @description The next piece of the reasoning. */
            thinking?: string | null;
            /** @description The agent's id, for a saved one. */
            assistant_id?: string | null;
            /** @description The code of the error that `content` tells. */
            error_code?: string | null;
        };
        /** @description One server as it is shown: values of variables and headers as masks. */
        ServerConfig: {
            /** @description The program's variables. */
            env?: {
                [key: string]: string;
            };
            /** @description The program. */
            command?: string | null;
            /** @description Its arguments. */
            args?: string[];
            /** @description Headers for the address. */
            headers?: {
                [key: string]: string;
            };
            /** @description The address, where there is no program. */
            url?: string | null;
            /** @description `sse` for the older transport. */
            type?: string | null;
            /** @description `true` where it is left out. */
            disabled?: boolean | null;
        };
        /** @description What went with a server. */
        ServerDeleted: {
            /** @description `deleted`. */
            status: string;
            /** @description Its name. */
            server_name: string;
            /** @description The ids of its tools. */
            deleted_tools: string[];
        };
        /** @description One server as MCP clients write it. */
        ServerInput: {
            /** @description A program that speaks MCP on its standard input and output. */
            command?: string | null;
            /** @description Its arguments. */
            args?: string[] | null;
            /** @description Its variables; the values become Secrets, a mask keeps the one that is there. */
            env?: {
                [key: string]: string;
            } | null;
            /** @description Or the address of a server. */
            url?: string | null;
            /** @description Headers for it; the values become Secrets, a mask keeps the one that is there. */
            headers?: {
                [key: string]: string;
            } | null;
            /** @description `sse` for the older transport. */
            type?: string | null;
            /** @description It is left out. */
            disabled?: boolean | null;
        };
        /** @description The servers, as MCP clients write them. */
        ServerList: {
            /** @description By name. */
            mcpServers: {
                [key: string]: components["schemas"]["ServerConfig"];
            };
        };
        /** @description What S1's clients post (S1-85). */
        ServersInput: {
            /** @description Servers by name. */
            mcpServers: {
                [key: string]: components["schemas"]["ServerInput"];
            };
        };
        /** @description What serves of an agent whose newest version does not: that is shown, and another one answers. */
        Serving: {
            /** @description The revision that answers; null where none does. */
            revision?: string | null;
            /** @description Why, in a word: the reason of its `Ready` condition. */
            reason: string;
            /** @description Why, for people. */
            message: string;
        };
        /** @description A session in the list (S1-28), with its status beside it. */
        SessionEntry: {
            /** @description Its id. */
            session_id: string;
            /** @description Its title. */
            title: string;
            /** @description When it was begun. */
            created_at: string;
            /** @description When it was last written to by a run. */
            last_inference_at: string;
            /**
             * Format: int64
             * @description How many turns it has.
             */
            turn_count: number;
            /**
             * Format: int64
             * @description The tokens of its last model call.
             */
            last_total_tokens?: number | null;
            /** @description `streaming`, `done_success_unread`, `done_error_unread`, `idle`, or `waiting` for a person or a client's tool. */
            status: string;
            /** @description It is at the top of the list. */
            pinned: boolean;
            /** @description It is put away. */
            archived: boolean;
            /** @description The agent of its last run, or that it was made for. */
            agent_id?: string | null;
            /** @description The model of its last run, or that it was made for. */
            model_id?: string | null;
            /** @description The tools of its last run, or that it was made for. */
            tool_ids?: string[] | null;
            /** @description Its own folder, else the one that its last run worked in. */
            workspace?: string | null;
        };
        /** @description What a reader of the feed is told, as S1's clients read it. */
        SessionEvent: {
            /** @description Statuses by session. */
            sessions: {
                [key: string]: string;
            };
            /** @enum {string} */
            event: "init";
        } | {
            /** @description The session. */
            session_id: string;
            /**
             * @description `streaming`, `done_success_unread`, `done_error_unread` or `idle`; or (ours) `waiting` for an approval, an
             *     answer or a client's tool.
             */
            status: string;
            /** @enum {string} */
            event: "message";
        } | {
            /** @description The session. */
            session_id: string;
            /** @description The title. */
            title: string;
            /** @enum {string} */
            event: "title_update";
        } | {
            /** @description The session. */
            session_id: string;
            /** @description It is at the top of the list. */
            pinned: boolean;
            /** @description It is put away. */
            archived: boolean;
            /** @enum {string} */
            event: "kept";
        } | {
            /** @description The session. */
            session_id: string;
            /** @enum {string} */
            event: "deleted";
        };
        /** @description A session to be made. */
        SessionInput: {
            /** @description Its title, at most 200 characters; without one it is made of what is said first. */
            title?: string | null;
            /** @description The agent that it is meant for. Noted: each request says whom it asks. */
            agent_id?: string | null;
            /** @description The model that it is meant for. Noted, as the agent is. */
            model_id?: string | null;
            /** @description The tools that it is meant for. Noted, as the agent is. */
            tool_ids?: string[] | null;
            /** @description The folder that its runs work in where they name none. */
            workspace?: string | null;
        };
        /** @description The list of sessions (S1-137). */
        SessionList: {
            /** @description The sessions, the one with the latest inference first. */
            sessions: components["schemas"]["SessionEntry"][];
            /** @description Where the next page begins, where there is one. */
            next_cursor?: string | null;
        };
        /** @description What becomes of a session; what is left out stays as it is. */
        SessionPatch: {
            /** @description Its title, at most 200 characters. */
            title?: string | null;
            /** @description Whether it is at the top of the list. */
            pinned?: boolean | null;
            /** @description Whether it is put away. */
            archived?: boolean | null;
            /** @description The folder that its runs work in where they name none; null = the default again. */
            workspace?: string | null;
        };
        /** @description S1's registration of a skill (S1-102). */
        SkillInput: {
            /** @description The folder with its SKILL.md. */
            skill_dir?: string | null;
        };
        /** @description The statistics of a round (S1-22); milliseconds rounded to a tenth. */
        Stat: {
            /**
             * Format: int64
             * @description Tokens read by this call.
             */
            prompt_tokens: number;
            /**
             * Format: int64
             * @description Tokens written by this call.
             */
            completion_tokens: number;
            /**
             * Format: int64
             * @description Both.
             */
            total_tokens: number;
            /**
             * Format: int64
             * @description Tokens read by this run so far.
             */
            total_prompt_tokens: number;
            /**
             * Format: int64
             * @description Tokens written by this run so far.
             */
            total_completion_tokens: number;
            /**
             * Format: int64
             * @description Both.
             */
            total_all_tokens: number;
            /**
             * Format: double
             * @description Milliseconds to the first token.
             */
            ttft_ms?: number | null;
            /**
             * Format: double
             * @description Milliseconds from the first token to the last.
             */
            net_ms?: number | null;
            /**
             * Format: double
             * @description Milliseconds of the call.
             */
            total_ms?: number | null;
            /**
             * Format: double
             * @description Milliseconds of the whole run; in the last round only.
             */
            overall_ms?: number | null;
            /** @description When the call ended. */
            completed_at?: string;
        };
        /**
         * @description The state to create a run in.
         * @enum {string}
         */
        StatusInput: "draft";
        /** @description A model step of one run of the tree. */
        Step: {
            /** @description The run that it is of. */
            run_id: string;
            /**
             * Format: int32
             * @description Its number in the run, from 1.
             */
            step: number;
            /** @description The attempts, in order; the last one gave the message, if one did. */
            attempts: components["schemas"]["Attempt"][];
            /** @description The calls that its message asked for, in order. */
            calls: components["schemas"]["StepCall"][];
        };
        /** @description A call of a step. */
        StepCall: {
            /** @description Its id. */
            call_id: string;
            /** @description The tool's name. */
            name: string;
            /** @description The arguments as JSON text; as a person edited them, where one did. */
            arguments: string;
            /** @description `pending`, `asked`, `running`, `completed` or `failed`. */
            status: string;
            /**
             * Format: int32
             * @description How often it was started.
             */
            attempts: number;
            /** @description When it was first started (RFC 3339, UTC). */
            started_at?: string | null;
            /** @description When it had its result. */
            finished_at?: string | null;
            /**
             * Format: double
             * @description Milliseconds from its start to its result.
             */
            duration_ms?: number | null;
            /** @description The sub-agent's run, for a call that one works on. */
            child_run_id?: string | null;
            /** @description The answer of a person, where one was asked. */
            approved?: boolean | null;
        };
        /** @description The timeline of a run. */
        StepList: {
            /** @description Model steps with attempts and calls, sub-agents' included. */
            steps: components["schemas"]["Step"][];
        };
        /** @description The step was lost with its process and is asked again. */
        StepRestarted: components["schemas"]["Place"] & {
            /**
             * Format: int32
             * @description The step whose pieces are to be forgotten.
             */
            step: number;
        };
        /** @description A model is being asked. */
        StepStarted: components["schemas"]["Place"] & {
            /**
             * Format: int32
             * @description The model step, from 1.
             */
            step: number;
            /**
             * Format: int32
             * @description The attempt at this step, from 1.
             */
            attempt: number;
            /** @description The model's name, where it is known. */
            model?: string | null;
        };
        /** @description Where the model stops. */
        Stop: string | string[];
        /** @description How an answer is streamed. */
        StreamOptions: {
            /** @description Whether a last chunk brings the usage. */
            include_usage?: boolean | null;
        };
        /** @description The summary of a session (S1-37). */
        SummaryView: {
            /** @description The session. */
            session_id: string;
            /**
             * Format: int64
             * @description Its version; each compaction adds one.
             */
            summary_version: number;
            /**
             * Format: int64
             * @description How many turns it covers, from the first on.
             */
            summarized_up_to_turn: number;
            /** @description When it was made. */
            updated_at?: string | null;
            /** @description The summary. */
            content: string;
        };
        /** @description S1's template as it is shown. */
        Template: {
            /** @description Its id. */
            template_id: string;
            /** @description The text. */
            content: string;
        };
        /** @description What was done to a template. */
        TemplateChanged: {
            /** @description `created`, `updated` or `deleted`. */
            status: string;
            /** @description Its id. */
            template_id: string;
        };
        /** @description S1's template as it is posted. Unknown fields are ignored. */
        TemplateInput: {
            /** @description Its id; `name` is the same. */
            template_id?: string | null;
            /** @description The text. */
            content?: string | null;
        };
        /** @description The templates. */
        TemplateList: {
            /** @description By name. */
            templates: components["schemas"]["Template"][];
        };
        /** @description A session's new title. */
        Titled: {
            /** @description `success`. */
            status: string;
            /** @description Its id. */
            session_id: string;
            /** @description The title. */
            title: string;
        };
        /** @description Tokens of one or more model calls. */
        Tokens: {
            /**
             * Format: int64
             * @description Tokens read, in all.
             */
            input_tokens: number;
            /**
             * Format: int64
             * @description Tokens written, reasoning included.
             */
            output_tokens: number;
            /**
             * Format: int64
             * @description Both.
             */
            total_tokens: number;
            /**
             * Format: int64
             * @description Of the tokens read: from the provider's cache.
             */
            cached_tokens: number;
            /**
             * Format: int64
             * @description Of the tokens read: written to the provider's cache.
             */
            cache_write_tokens: number;
            /**
             * Format: int64
             * @description Of the tokens written: reasoning.
             */
            reasoning_tokens: number;
            /** @description The provider did not tell: counted as a quarter of the characters. */
            estimated: boolean;
        };
        /** @description What was done to a tool. */
        ToolChanged: {
            /** @description `registered`, `updated` or `deleted`. */
            status: string;
            /** @description Its id. */
            tool_id: string;
        };
        /** @description S1's `ToolConfig` as it is shown. What is absent is left out. */
        ToolConfig: {
            /** @description Its id. */
            tool_id: string;
            /** @description `function`, `mcp` or `skill`; http, template and built-in tools are functions. */
            tool_type: string;
            /** @description The name that models see. */
            name: string;
            /** @description What it does. */
            description: string;
            /** @description The JSON Schema of its arguments. */
            parameters: Record<string, never>;
            /** @description The server's name. */
            mcp_server_name?: string | null;
            /** @description The tool's name on its server. */
            tool_name?: string | null;
            /** @description The fixed steps of a skill. */
            steps?: Record<string, never>[] | null;
            /** @description The file of a function. */
            function_file_path?: string | null;
            /** @description The function in it. */
            function_name?: string | null;
            /** @description The folder of a skill. */
            skill_dir?: string | null;
            /** @description It can be neither changed nor deleted. */
            builtin?: boolean;
        };
        /** @description A call has a result. */
        ToolFinished: components["schemas"]["Place"] & {
            /** @description The call's id. */
            call_id: string;
            /** @description The tool's name. */
            name: string;
            /** @description The text that the model reads; starts with `Error: ` where the call failed. */
            content: string;
            /** @description The call failed. */
            is_error: boolean;
            /** @description The result as JSON, where the tool gives one. */
            structured?: unknown;
            /** @description Images that the tool gave, as data URIs. */
            images?: string[];
            artifact?: components["schemas"]["ArtifactRef"] | null;
            /**
             * Format: double
             * @description Milliseconds that it took; none where the caller made it.
             */
            duration_ms?: number | null;
        };
        /** @description S1's `ToolConfig` as it is posted. Unknown fields are ignored. */
        ToolInput: {
            /** @description Its id; `function-{name}` by default for functions. */
            tool_id?: string | null;
            /** @description `function`, `mcp` or `skill`. */
            tool_type?: string | null;
            /** @description The name that models see. */
            name?: string | null;
            /** @description What it does. */
            description?: string | null;
            /** @description The JSON Schema of its arguments. */
            parameters?: Record<string, never> | null;
            /** @description The server's name. */
            mcp_server_name?: string | null;
            /** @description The tool's name on the server; by default its own. */
            tool_name?: string | null;
            /** @description The fixed steps of a skill. */
            steps?: Record<string, never>[] | null;
            /** @description A Python file. */
            function_file_path?: string | null;
            /** @description The function in it; by default the tool's name. */
            function_name?: string | null;
            /** @description The Python text itself, instead of a file. */
            source?: string | null;
            /** @description The folder of a skill. */
            skill_dir?: string | null;
            /** @description Registers the server, too: its program. */
            mcp_command?: string | null;
            /** @description The program's arguments. */
            mcp_args?: string[] | null;
            /** @description The program's variables. */
            mcp_env?: {
                [key: string]: string;
            } | null;
            /** @description Or the server's address. */
            mcp_url?: string | null;
            /** @description Headers for it. */
            mcp_headers?: {
                [key: string]: string;
            } | null;
        };
        /** @description The tools. */
        ToolList: {
            /** @description Built-in ones, Tools, and what MCP servers offer. */
            tools: components["schemas"]["ToolConfig"][];
        };
        /**
         * @description `tool`.
         * @enum {string}
         */
        ToolRole: "tool";
        /** @description A tool is being called. */
        ToolStarted: components["schemas"]["Place"] & components["schemas"]["CallEvent"] & {
            /**
             * Format: int32
             * @description The attempt, from 1: above 1 when a repeatable call is made again after a crash.
             */
            attempt: number;
        };
        /** @description A folder with those directly below it (S1-166). */
        Tree: {
            /** @description Its name. */
            name: string;
            /** @description Its whole path. */
            path: string;
            /** @description True. */
            is_root: boolean;
            /** @description The folders directly below it, by name. */
            children: components["schemas"]["Branch"][];
        };
        /** @description An upload that nobody wants any more (S1-180). */
        UploadCancelled: {
            /** @description The upload. */
            upload_id: string;
            /** @description `cancelled`. */
            status: components["schemas"]["UploadState"];
        };
        /** @description A file that is in its place (S1-179). */
        UploadDone: {
            /** @description The upload. */
            upload_id: string;
            /** @description The file's name. */
            file_name: string;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            file_size: number;
            /** @description Its whole path. */
            path: string;
            /** @description `completed`. */
            status: components["schemas"]["UploadState"];
        };
        /** @description An upload to be begun (S1-176). */
        UploadInput: {
            /** @description Where it goes: the path of a folder of the workspace, `default`, or the id of a session, for its workspace. */
            workspace_id: string | null;
            /** @description The file's name. */
            file_name: string | null;
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            file_size: number | null;
            /** @description The path of the file below that folder; what is there is overwritten. */
            target_path: string | null;
        };
        /** @description Uploads that are open. */
        UploadList: {
            /** @description The oldest first. */
            uploads: components["schemas"]["UploadStatus"][];
        };
        /** @description An upload that was begun (S1-176). */
        UploadPlan: {
            /** @description Its id. */
            upload_id: string;
            /**
             * Format: int64
             * @description From how many bytes on a file is cut.
             */
            parallel_size: number;
            /**
             * Format: int32
             * @description Pieces that may be sent at one time.
             */
            parallel_max_threads: number;
            /** @description How many pieces there are. */
            chunk_count: number;
            /** @description The pieces. */
            chunks: components["schemas"]["ChunkPlan"][];
        };
        /**
         * @description What became of an upload.
         * @enum {string}
         */
        UploadState: "uploading" | "completed" | "cancelled";
        /** @description What is known of an upload. */
        UploadStatus: {
            /** @description Its id. */
            upload_id: string;
            /** @description The file's name. */
            file_name: string;
            /**
             * Format: int64
             * @description The file's size in bytes.
             */
            file_size: number;
            /** @description Where it goes, below the workspace. */
            target_path: string;
            /** @description What became of it. */
            status: components["schemas"]["UploadState"];
            /** @description The pieces. */
            chunks: components["schemas"]["ChunkStatus"][];
        };
        /** @description What one target used with one model on one day. */
        UsageOfDay: {
            /** @description The day (UTC), such as `2026-04-21`. */
            day: string;
            /** @description `agent` or `adhoc`. */
            kind: string;
            /** @description The target. */
            target: string;
            /** @description The model. */
            model: string;
            /**
             * Format: int64
             * @description Runs.
             */
            runs: number;
            /** @description Tokens. */
            usage: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description What they cost, in micro-units.
             */
            cost: number;
        };
        /** @description Usage by day, target and model, latest day first. */
        UsageReport: {
            /** @description The rows. */
            usage: components["schemas"]["UsageOfDay"][];
            /** @description Tokens of all of them. */
            total: components["schemas"]["Tokens"];
            /**
             * Format: int64
             * @description Cost of all of them, in micro-units.
             */
            cost: number;
        };
        /**
         * @description `usage`.
         * @enum {string}
         */
        UsageRole: "usage";
        /** @description A variable as it is posted. */
        VariableInput: {
            /** @description Its name. */
            key?: string | null;
            /** @description Its value; what is no text is written as JSON. The mask keeps the value that is there. */
            value?: unknown;
        };
        /** @description The variables that the service keeps. */
        Variables: {
            /** @description Each with a mask in place of its value. */
            env: {
                [key: string]: string;
            };
        };
        /** @description Something that a run waits for. */
        Waiting: {
            /** @description `approval`: of a person; `input`: the result of a tool of the caller. */
            kind: string;
            /** @description The call. */
            call_id: string;
            /** @description The run of the tree that made it. */
            run_id: string;
            /** @description The tool's name. */
            name: string;
            /** @description The arguments as JSON text. */
            arguments: string;
            /** @description Why a person is asked: `policy` or `interrupted`. */
            reason?: string | null;
        };
        /** @description Who asks, as the service knows them. */
        WhoAmI: {
            /** @description The user, to whom sessions and runs belong; empty where nobody is told apart. */
            user: string;
            /** @description The user's groups. */
            groups: string[];
            /** @description The namespace that the service is of; null outside a cluster. */
            namespace?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    platform_alive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alive"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    platform_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description It is stopping, and takes nothing new on */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The agents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_create: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentInput"];
            };
        };
        responses: {
            /** @description It is there */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentChanged"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The agent's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The agent */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentConfig"];
                };
            };
            /** @description There is no such agent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_update: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The agent's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AgentInput"];
            };
        };
        responses: {
            /** @description It is changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentChanged"];
                };
            };
            /** @description There is no such agent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_delete: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The agent's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgentChanged"];
                };
            };
            /** @description There is no such agent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_publish: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The agent's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PublishInput"] | null;
            };
        };
        responses: {
            /** @description It is chosen */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Published"];
                };
            };
            /** @description There is no such agent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description No version of it is valid */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    agents_revisions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The agent's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionList"];
                };
            };
            /** @description There is no such agent */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key answers with the same run */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description The agent's name or id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RunInput"];
            };
        };
        responses: {
            /** @description The run that the same key made before; or a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The run was created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    chat_completions: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key answers with the same run */
                "Idempotency-Key"?: string | null;
                /** @description `new`, or an existing session */
                "X-Session-Id"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChatInput"];
            };
        };
        responses: {
            /** @description The answer; with `stream`, chunks as server-sent events and `[DONE]` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChatCompletion"];
                    "text/event-stream": components["schemas"]["ChatCompletionChunk"];
                };
            };
            /** @description The request is wrong, or too many are waiting */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAiErrorBody"];
                };
            };
            /** @description The provider or the service failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAiErrorBody"];
                };
            };
        };
    };
    env_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Names and masks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Variables"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    env_set: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VariableInput"];
            };
        };
        responses: {
            /** @description Names and masks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Variables"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    env_detect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Their names */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KnownVariables"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    env_remove: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The variable's name, percent-encoded */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Names and masks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Variables"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    inference_infer: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key answers with the same run */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferInput"];
            };
        };
        responses: {
            /** @description The turns of this call, `stat`, `run_id`, `session_id` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["S1Answer"];
                };
            };
            /** @description The call failed; the same body with `error` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["S1Answer"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    inference_abort: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AbortInput"];
            };
        };
        responses: {
            /** @description `ok`, and a `note` where nothing ran */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Aborted"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    inference_stream: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key answers with the same run */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InferInput"];
            };
        };
        responses: {
            /** @description `event: init`, message deltas, a usage frame a round, `[DONE]` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["S1Frame"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    mcp_servers_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The servers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    mcp_servers_remove: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The server's id or name, percent-encoded */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDeleted"];
                };
            };
            /** @description There is no such server */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    models_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    models_register: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelInput"];
            };
        };
        responses: {
            /** @description It is registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelChanged"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    openai_models_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A model's id or name, or `agent/NAME`, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelObject"];
                };
            };
            /** @description There is no such model */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAiErrorBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    models_update: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The model's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelInput"];
            };
        };
        responses: {
            /** @description It is changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelChanged"];
                };
            };
            /** @description There is no such model */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The new id is another model's */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    models_delete: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The model's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelChanged"];
                };
            };
            /** @description There is no such model */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    openai_models_show_below: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `agent`, or what stands before the slash */
                owner: string;
                /** @description What stands behind it */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelObject"];
                };
            };
            /** @description There is no such model */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenAiErrorBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    description_read: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The description */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The templates */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_create: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TemplateInput"];
            };
        };
        responses: {
            /** @description It is there */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateChanged"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_show: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The template's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The template */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Template"];
                };
            };
            /** @description There is no such template */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_update: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The template's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TemplateInput"];
            };
        };
        responses: {
            /** @description It is changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateChanged"];
                };
            };
            /** @description There is no such template */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The new id is another template's */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_delete: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The template's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TemplateChanged"];
                };
            };
            /** @description There is no such template */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    templates_preview: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The template's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PreviewInput"] | null;
            };
        };
        responses: {
            /** @description The text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
            /** @description There is no such template */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_diagnostics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The findings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Findings"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_list: {
        parameters: {
            query?: {
                /** @description How many; 50 by default, at most 500. */
                limit?: number;
                /** @description `cursor` of the page before. */
                cursor?: string;
                /** @description `json` or `yaml`; without it, as `Accept` says. */
                format?: string;
                /** @description Answer with server-sent events instead: all objects, then each change. */
                watch?: boolean;
            };
            header?: {
                /** @description With `watch`, the last id received */
                "Last-Event-ID"?: string | null;
            };
            path: {
                /** @description The kind's plural: `models`, `agents`, … */
                kind: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of them; with `watch`, events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManifestList"];
                    "application/yaml": string;
                    "text/event-stream": components["schemas"]["ResourceEvent"];
                };
            };
            /** @description There is no such kind */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_show: {
        parameters: {
            query?: {
                /** @description `json` or `yaml`; without it, as `Accept` says. */
                format?: string;
            };
            header?: never;
            path: {
                /** @description The kind's plural: `models`, `agents`, … */
                kind: string;
                /** @description The object's name or id, percent-encoded */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The manifest; its version is the `ETag` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Manifest"];
                    "application/yaml": string;
                };
            };
            /** @description There is no such object */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_apply: {
        parameters: {
            query?: {
                /** @description `json` or `yaml`; without it, as `Accept` says. */
                format?: string;
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool. */
                force?: boolean;
                /** @description Write nothing: answer with the status that it would have, and everything to be said of it in `status.findings`. */
                dry_run?: boolean;
            };
            header?: {
                /** @description The version that it must still have */
                "If-Match"?: string | null;
            };
            path: {
                /** @description The kind's plural: `models`, `agents`, … */
                kind: string;
                /** @description The object's name or id, percent-encoded */
                name: string;
            };
            cookie?: never;
        };
        /** @description The manifest, as YAML or JSON */
        requestBody: {
            content: {
                "application/json": components["schemas"]["Manifest"];
                "application/yaml": string;
            };
        };
        responses: {
            /** @description It is changed, or with `dry_run` could be */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Manifest"];
                    "application/yaml": string;
                };
            };
            /** @description It is created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Manifest"];
                    "application/yaml": string;
                };
            };
            /** @description A file outside the service's hand holds it, or a GitOps tool or Helm manages it: `managed_by` says which */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description It has another version by now */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_delete: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: {
                /** @description The version that it must still have */
                "If-Match"?: string | null;
            };
            path: {
                /** @description The kind's plural: `models`, `agents`, … */
                kind: string;
                /** @description The object's name or id, percent-encoded */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ManifestDeleted"];
                };
            };
            /** @description There is no such object */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A GitOps tool or Helm manages it: `managed_by` says which */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description It has another version by now */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    resources_uses: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The kind's plural: `models`, `agents`, … */
                kind: string;
                /** @description The object's name or id, percent-encoded */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What refers to it, and by which field */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Referrers"];
                };
            };
            /** @description There is no such object */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_list: {
        parameters: {
            query?: {
                /** @description `agent` or `adhoc`. */
                kind?: string;
                /** @description The target's name. */
                target?: string;
                /** @description The session. */
                session?: string;
                /** @description `draft`, `queued`, `running`, `waiting`, `completed`, `failed` or `cancelled`. */
                status?: string;
                /** @description Only those created at this time (RFC 3339) or later. */
                since?: string;
                /** @description Only those created before this time (RFC 3339). */
                until?: string;
                /** @description At most this many; 50, at most 500. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunList"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_read_one: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description There is no such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_approve: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
                /** @description The call */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalInput"];
            };
        };
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The call does not wait for approval */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_list_artifacts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The artifacts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ArtifactList"];
                };
            };
            /** @description There is no such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_download: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
                /** @description Its address */
                hash: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole result */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description The run has no such artifact */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelInput"] | null;
            };
        };
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_dispatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The run is over */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_events: {
        parameters: {
            query?: {
                /** @description `typed` (default), or `s1`: the frames of `/v1/infer/stream`. */
                format?: string;
                /** @description The last id received; the header `Last-Event-ID` wins. */
                last_event_id?: string;
                /** @description Answer with a page of JSON: the events behind this id; `0.0` for the first page. */
                after?: string;
                /** @description The most events of a page of JSON; 50, at most 500. */
                limit?: number;
            };
            header?: {
                /** @description The last id received */
                "Last-Event-ID"?: string | null;
            };
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["RunEvent"];
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_input: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResultInput"];
            };
        };
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The call does not wait for a result */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_retry: {
        parameters: {
            query?: never;
            header?: {
                /** @description The same key answers with the same run */
                "Idempotency-Key"?: string | null;
            };
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new run */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Run"];
                };
            };
            /** @description The run is not over */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_list_steps: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The run */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The steps */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepList"];
                };
            };
            /** @description There is no such run */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_list: {
        parameters: {
            query?: {
                /** @description How many, at most 500; all of them without it. */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
                /** @description Only those that are put away (`true`), or that are not (`false`). */
                archived?: boolean;
                /** @description Follow the sessions instead, as `/v1/sessions/events` does. */
                watch?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sessions; with `watch`, events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                    "text/event-stream": components["schemas"]["SessionEvent"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_create: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SessionInput"] | null;
            };
        };
        responses: {
            /** @description The session */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionEntry"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_events: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `data:` lines, each a SessionEvent; `init` is the first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["SessionEvent"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_search: {
        parameters: {
            query: {
                /** @description Words, each the beginning of one. */
                q: string;
                /** @description How many places; 50 by default, at most 500. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where they are, the best first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FoundList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_conversation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description A run of it is active */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_edit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionPatch"];
            };
        };
        responses: {
            /** @description The session as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionEntry"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_context: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The context */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextView"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_generate_title: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The title */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Titled"];
                };
            };
            /** @description No model is set, or it failed */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_messages: {
        parameters: {
            query?: {
                /** @description How many items; at most 500. */
                limit?: number;
                /** @description Where the page before ended. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The turns */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagePage"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Done"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    sessions_revoke: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RevokeInput"];
            };
        };
        responses: {
            /** @description It is done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokedView"];
                };
            };
            /** @description A run of it is active, and `forced` was not asked for */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    setup_setup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A POSIX shell script */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-sh": string;
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_create_of_skill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The skill's name or id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Skills are not served yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_create_of_team: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The team's name or id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Teams are not served yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tools */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_register: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ToolInput"];
            };
        };
        responses: {
            /** @description It is registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolChanged"];
                };
            };
            /** @description The id is a built-in tool's */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_delete_batch: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchInput"];
            };
        };
        responses: {
            /** @description Which are gone, which were not there, which are built in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchOutcome"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_call: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CallInput"];
            };
        };
        responses: {
            /** @description The result */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallResult"];
                };
            };
            /** @description The request is wrong, or the tool failed: its text is `detail` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    mcp_servers_register: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ServersInput"];
            };
        };
        responses: {
            /** @description At least one answered */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Registered"];
                };
            };
            /** @description The request is wrong, or no server answered */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_register_skill: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SkillInput"];
            };
        };
        responses: {
            /** @description It is registered */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolChanged"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_update: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The tool's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ToolInput"];
            };
        };
        responses: {
            /** @description It is changed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolChanged"];
                };
            };
            /** @description It is built in */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such tool */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    tools_delete: {
        parameters: {
            query?: {
                /** @description Write also what a GitOps tool or Helm manages, whose next run may undo it; without, it is a 409 that names the tool */
                force?: boolean;
            };
            header?: never;
            path: {
                /** @description The tool's id or name, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ToolChanged"];
                };
            };
            /** @description It is built in */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such tool */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_usage: {
        parameters: {
            query?: {
                /** @description The session. */
                session?: string;
                /** @description Runs created at this time or later (RFC 3339). */
                since?: string;
                /** @description Runs created before this time (RFC 3339). */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Tokens and cost of kept runs */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                };
            };
            /** @description A parameter is wrong */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    platform_whoami: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who you are */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WhoAmI"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    runs_create_of_workflow: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The workflow's name or id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Workflows are not served yet */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_children: {
        parameters: {
            query?: {
                /** @description The folder's whole path, or the path below the workspace; empty for the workspace itself, as the only root. */
                path?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Those that are not hidden, by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Folder"][];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_content: {
        parameters: {
            query: {
                /** @description Its whole path, or the path below the workspace; empty or `.` is the workspace itself. */
                path: string;
                /** @description Taken from older clients, and without effect: no file outside the workspace is reached. */
                restrict?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: {
                /** @description `bytes=first-last`; of several ranges all of the file is sent */
                Range?: string | null;
                /** @description The `ETag` or time of the version that the range is of */
                "If-Range"?: string | null;
                /** @description The `ETag` that the client has */
                "If-None-Match"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description The bytes that were asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It has no such bytes */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_deletion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PathInput"];
            };
        };
        responses: {
            /** @description It is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileDeleted"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_download: {
        parameters: {
            query: {
                /** @description Its whole path, or the path below the workspace; empty or `.` is the workspace itself. */
                path: string;
                /** @description Taken from older clients, and without effect: no file outside the workspace is reached. */
                restrict?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: {
                /** @description `bytes=first-last` */
                Range?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file, with its name in `Content-Disposition` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description The bytes that were asked for */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description It has no such bytes */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_duplicate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PathInput"];
            };
        };
        responses: {
            /** @description The copy, named `name (1).ext` or with the next free number */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_folder: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PathInput"];
            };
        };
        responses: {
            /** @description It is there */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            /** @description Something of that name is there */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_list: {
        parameters: {
            query: {
                /** @description The folder's whole path, or the path below the workspace; empty or `.` is the workspace itself. */
                path: string;
                /** @description The page, from 1. */
                page?: number;
                /** @description How many of a page; 50 by default, at most 10,000. */
                page_size?: number;
                /** @description Taken from older clients, and without effect: no file outside the workspace is reached. */
                restrict?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Folders first, then by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_rename: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RenameInput"];
            };
        };
        responses: {
            /** @description It has the new name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileInfo"];
                };
            };
            /** @description The name is none, or is taken */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_search: {
        parameters: {
            query: {
                /** @description The folder's whole path, or the path below the workspace; empty or `.` is the workspace itself. */
                path: string;
                /** @description Texts: those with spaces between them are all in the file, of those with `|` between them one is. */
                query: string;
                /** @description What is searched: `content` by default, `name`, or `all`. */
                in?: "content" | "name" | "all";
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The files, by path */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FileItem"][];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_thumbnail: {
        parameters: {
            query: {
                /** @description The picture's whole path, or the path below the workspace. */
                path: string;
                /** @description The longest edge in pixels, from 16 to 1024; 256 by default. */
                size?: number;
                /** @description Taken from older clients, and without effect: no file outside the workspace is reached. */
                restrict?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A JPEG, or a PNG where it can be seen through; or the original */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/*": unknown;
                };
            };
            /** @description The client has it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    workspace_tree: {
        parameters: {
            query: {
                /** @description Its whole path, or the path below the workspace; empty or `.` is the workspace itself. */
                path: string;
                /** @description Taken from older clients, and without effect: no file outside the workspace is reached. */
                restrict?: string;
                /** @description A session, whose workspace is meant; without one, the caller's. */
                session_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One tree, whose root the folder is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tree"][];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_init: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UploadInput"];
            };
        };
        responses: {
            /** @description In which pieces to send it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadPlan"];
                };
            };
            /** @description `INVALID_REQUEST: …` or `INVALID_TARGET_PATH: …` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The disk has not enough space for it */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its pieces */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadStatus"];
                };
            };
            /** @description `UPLOAD_NOT_FOUND: …` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_cancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is over */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadCancelled"];
                };
            };
            /** @description `UPLOAD_NOT_FOUND: …` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_chunk: {
        parameters: {
            query?: never;
            header?: {
                /** @description The piece's first byte, to be checked */
                "X-Upload-Offset"?: number | null;
                /** @description The piece's size, to be checked */
                "X-Upload-Size"?: number | null;
                /** @description The file's size, to be checked */
                "X-File-Size"?: number | null;
            };
            path: {
                /** @description The upload */
                upload_id: string;
                /** @description The piece's `parallel_id` */
                chunk_id: number;
            };
            cookie?: never;
        };
        /** @description The bytes of the piece */
        requestBody: {
            content: {
                "application/octet-stream": number[];
            };
        };
        responses: {
            /** @description It is there */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChunkDone"];
                };
            };
            /** @description `CHUNK_SIZE_MISMATCH: …` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description `UPLOAD_NOT_FOUND: …` or `CHUNK_NOT_FOUND: …` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description `UPLOAD_CANCELLED: …` or `UPLOAD_NOT_READY: …` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_complete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The upload */
                upload_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file is there; what was there before is gone */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadDone"];
                };
            };
            /** @description `UPLOAD_NOT_FOUND: …` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description `UPLOAD_NOT_READY: …`: a piece is missing, or is being sent */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    uploads_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
            /** @description Why not */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The service failed, or stops */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
}
