//! Expressions of workflow conditions: CEL, with the words `and`, `or`, `not` and S2's dotted paths.
//!
//! `syntax` turns the text into plain CEL, `context` carries JSON into CEL and back, `references` finds the
//! paths, `cost` refuses what would take too long.

mod context;
mod cost;
mod references;
mod syntax;

use cel::parser::{Expression, Parser};
use cel::{Context, ExecutionError, ParseErrors};
use serde_json::Value;

use crate::{LanguageError, roomy};

/// The longest expression, in bytes. A parser for CEL needs much time for a long hostile text, and a condition has a
/// line or two.
const MAX_EXPRESSION_BYTES: usize = 1024;

/// Parses an expression and returns the dotted paths that it reads, unique and in order: `state.score`,
/// `nodes.look-up.text`. A path ends where a step is computed; variables of `all`, `exists`, `map` and the like are none.
pub fn check(text: &str) -> Result<Vec<String>, LanguageError> {
    roomy::run(|| Ok(references::paths(&compile(text)?)))
}

/// Evaluates an expression; the fields of the `context` object are its variables. Reading a field that is missing is an
/// error; `has(state.score)` asks for it first.
///
/// ```
/// let context = serde_json::json!({"state": {"score": 7, "name": "x"}});
/// let result = troupe_language::expression::evaluate("state.score >= 5 and not (state.name == 'y')", &context);
/// assert_eq!(result, Ok(serde_json::json!(true)));
/// ```
pub fn evaluate(text: &str, context: &Value) -> Result<Value, LanguageError> {
    roomy::run(|| {
        let expression = compile(text)?;
        cost::check(&expression, context)?;
        let mut variables = Context::default();
        for name in references::roots(&expression) {
            if let Some(value) = context.get(&name) {
                variables.add_variable_from_value(name, context::to_cel(value));
            }
        }
        let result = cel::Value::resolve(&expression, &variables).map_err(|error| explain_execution(&error))?;
        context::from_cel(&result)
    })
}

fn compile(text: &str) -> Result<Expression, LanguageError> {
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(LanguageError::new(
            format!("the expression has {} bytes, more than {MAX_EXPRESSION_BYTES}", text.len()),
            "split it, or compute parts of it in earlier nodes",
        ));
    }
    let parser = Parser::default().enable_ident_escape_syntax(true);
    parser.parse(&syntax::to_cel(text)?).map_err(|errors| explain_parse(&errors, text))
}

/// Of the parser's errors the first one about syntax; the others speak of the parser's own insides.
fn explain_parse(errors: &ParseErrors, text: &str) -> LanguageError {
    let remedy = "write a CEL expression such as `state.score >= 5 and state.name != \"\"`";
    if errors.errors.iter().any(|error| error.msg.contains("Recursion limit")) {
        return LanguageError::new("the expression is nested too deeply", "split it over several nodes");
    }
    let syntax = errors.errors.iter().find(|error| error.msg.starts_with("Syntax error"));
    let Some(error) = syntax.or(errors.errors.first()) else {
        return LanguageError::new("the expression cannot be parsed", remedy);
    };
    let line = usize::try_from(error.pos.0).ok().filter(|line| (1..=text.split('\n').count()).contains(line));
    LanguageError::new(format!("the expression cannot be parsed: {}", error.msg), remedy).on_line(line)
}

/// Names fields and functions, but no values: a condition's error is shown where its data may not be.
fn explain_execution(error: &ExecutionError) -> LanguageError {
    match error {
        ExecutionError::NoSuchKey(key) => {
            LanguageError::new(format!("there is no field `{key}`"), "ask for it first: `has(a.b) and a.b > 0`")
        }
        ExecutionError::UndeclaredReference(name) => LanguageError::new(
            format!("there is no variable or function `{name}`"),
            "use a variable of the context or a function of CEL",
        ),
        ExecutionError::NoSuchOverload(overload) => {
            LanguageError::new(overload.to_string(), "compare or combine values of one type")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            LanguageError::new("a division by zero", "test the divisor first")
        }
        ExecutionError::Overflow(..) => LanguageError::new("a number too large", "use smaller numbers"),
        ExecutionError::IndexOutOfBounds(_) => LanguageError::new("a list index out of bounds", "test `size` first"),
        ExecutionError::InvalidArgumentCount { expected, actual } => LanguageError::new(
            format!("a function takes {expected} arguments, not {actual}"),
            "give it as many as it takes",
        ),
        _ => LanguageError::new("the expression does not fit the values", "check the types of what it reads"),
    }
}
