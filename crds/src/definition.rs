//! The CustomResourceDefinition of every kind, as it is installed.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use crate::{Agent, Kind, McpServer, Model, PromptTemplate, Runtime, Team, Tool, Workflow};

/// The definition of a kind, with what the derived schema says too much or too little put right.
pub fn definition(kind: Kind) -> CustomResourceDefinition {
    let mut definition = match kind {
        Kind::Model => Model::crd(),
        Kind::Tool => Tool::crd(),
        Kind::McpServer => McpServer::crd(),
        Kind::PromptTemplate => PromptTemplate::crd(),
        Kind::Agent => Agent::crd(),
        Kind::Team => Team::crd(),
        Kind::Workflow => Workflow::crd(),
        Kind::Runtime => Runtime::crd(),
    };
    let schemas = definition.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut());
    for schema in schemas.filter_map(|schema| schema.open_api_v3_schema.as_mut()) {
        tidy(schema);
    }
    definition
}

/// The schema of a kind's documents.
pub fn schema(kind: Kind) -> Option<JSONSchemaProps> {
    definition(kind).spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema)
}

/// Puts a derived schema right, all the way down.
fn tidy(schema: &mut JSONSchemaProps) {
    // An explicit null would count as present for `has()` in CEL; without `nullable` the API server refuses it.
    schema.nullable = None;
    signed_format(schema);
    for property in schema.properties.iter_mut().flatten() {
        tidy(property.1);
    }
    match schema.items.as_mut() {
        Some(JSONSchemaPropsOrArray::Schema(items)) => tidy(items),
        Some(JSONSchemaPropsOrArray::Schemas(items)) => items.iter_mut().for_each(tidy),
        None => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = schema.additional_properties.as_mut() {
        tidy(values);
    }
}

/// Replaces the formats of unsigned integers, which Kubernetes does not know, by signed ones with the same bounds.
fn signed_format(schema: &mut JSONSchemaProps) {
    let signed = match schema.format.as_deref() {
        Some("uint8" | "uint16" | "uint32") => "int32",
        Some("uint64" | "uint") => "int64",
        _ => return,
    };
    schema.format = Some(signed.to_owned());
    schema.minimum.get_or_insert(0.0);
}
