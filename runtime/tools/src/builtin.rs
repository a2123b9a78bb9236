//! The built-in tools, by what they are made of.

use troupe_core::tool::{ToolKind, ToolSnapshot, builtin};

/// The built-in tool of this kind with its name, description and JSON Schema; `None` for kinds that are written by people.
pub fn snapshot(kind: &ToolKind) -> Option<ToolSnapshot> {
    match kind {
        ToolKind::Bash { network } => Some(builtin::bash(*network)),
        ToolKind::Fetch => Some(builtin::fetch()),
        ToolKind::Delegate => Some(builtin::delegate()),
        ToolKind::ReadFile => Some(builtin::read_file()),
        ToolKind::WriteFile => Some(builtin::write_file()),
        ToolKind::SearchFiles => Some(builtin::search_files()),
        ToolKind::Http(_)
        | ToolKind::Mcp(_)
        | ToolKind::Skill(_)
        | ToolKind::Function(_)
        | ToolKind::Template(_)
        | ToolKind::Agent { .. }
        | ToolKind::Client
        | ToolKind::Registered { .. } => None,
    }
}
