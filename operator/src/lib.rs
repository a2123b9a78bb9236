//! The operator: it checks resources, reports their status, and keeps each namespace's runtime and MCP servers. It never
//! executes an agent and never reads a Secret.
//!
//! Watches ([`watch`]) take what matters of every object into the [`world`], which knows who refers to whom and answers
//! what must be looked at again. One runner ([`controller`]) takes those from queues and gives them to the controller of
//! their kind; each fetches from the world, builds with pure functions, and writes through [`apply`] alone.

#![expect(clippy::doc_markdown, reason = "kinds are proper names")]

pub mod agent;
pub mod apply;
pub mod child;
pub mod children;
pub mod context;
pub mod controller;
pub mod drift;
pub mod event;
pub mod facts;
pub mod fingerprint;
pub mod key;
pub mod lease;
pub mod mcp_server;
pub mod metrics;
pub mod model;
pub mod names;
pub mod namespace;
pub mod object;
pub mod operator;
pub mod pod;
pub mod prompt_template;
pub mod queue;
pub mod ready;
pub mod report;
pub mod reviewers;
pub mod runtime;
pub mod serve;
pub mod settings;
pub mod standing;
pub mod status;
pub mod team;
pub mod tool;
pub mod watch;
pub mod workflow;
pub mod world;
