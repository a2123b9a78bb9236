//! What of Jinja a template may use, and which templates it includes.
//!
//! Left out: macros, imports, call blocks and recursive loops. With them a dozen lines can double a text until memory
//! ends, and a prompt needs none of them. The names of included templates are literal, so that a missing one is found
//! when the template is applied, not when it is used.

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{Token, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

use crate::LanguageError;
use crate::jinja::{MAX_TAG_TOKENS, MAX_TEMPLATE_BYTES, explain};
use crate::text::push_unique;

/// The names of the templates that `text` includes or extends, or why it is no template. `name` is for messages.
pub(super) fn includes(text: &str, name: &str) -> Result<Vec<String>, LanguageError> {
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(LanguageError::new(
            format!("the {name} has {} bytes, more than {MAX_TEMPLATE_BYTES}", text.len()),
            "move texts into variables or other templates",
        ));
    }
    check_tags(text)?;
    let root = parse(text, name, SyntaxConfig::default()).map_err(|error| explain(&error))?;
    let mut found = Vec::new();
    visit(&root, &mut found)?;
    Ok(found)
}

/// Refuses tags with too many tokens. What cannot be read as tokens is left to the parser, which says it better.
fn check_tags(text: &str) -> Result<(), LanguageError> {
    let mut length = 0;
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        length = if matches!(token, Token::VariableStart | Token::BlockStart) { 0 } else { length + 1 };
        if length > MAX_TAG_TOKENS {
            let what = format!("a tag with more than {MAX_TAG_TOKENS} words and signs");
            return Err(LanguageError::new(what, "write shorter tags; long lists belong into variables")
                .on_line(Some(usize::from(span.start_line))));
        }
    }
    Ok(())
}

fn visit_all(statements: &[Stmt<'_>], found: &mut Vec<String>) -> Result<(), LanguageError> {
    statements.iter().try_for_each(|statement| visit(statement, found))
}

fn visit(statement: &Stmt<'_>, found: &mut Vec<String>) -> Result<(), LanguageError> {
    match statement {
        Stmt::Template(template) => visit_all(&template.children, found),
        Stmt::ForLoop(each) if each.recursive => Err(left_out("recursive", each.span().start_line)),
        Stmt::ForLoop(each) => {
            visit_all(&each.body, found)?;
            visit_all(&each.else_body, found)
        }
        Stmt::IfCond(condition) => {
            visit_all(&condition.true_body, found)?;
            visit_all(&condition.false_body, found)
        }
        Stmt::WithBlock(block) => visit_all(&block.body, found),
        Stmt::SetBlock(block) => visit_all(&block.body, found),
        Stmt::AutoEscape(block) => visit_all(&block.body, found),
        Stmt::FilterBlock(block) => visit_all(&block.body, found),
        Stmt::Block(block) => visit_all(&block.body, found),
        Stmt::Extends(extends) => name(&extends.name, found),
        Stmt::Include(include) => name(&include.name, found),
        Stmt::Macro(definition) => Err(left_out("macro", definition.span().start_line)),
        Stmt::CallBlock(call) => Err(left_out("call", call.span().start_line)),
        Stmt::Import(import) => Err(left_out("import", import.span().start_line)),
        Stmt::FromImport(import) => Err(left_out("from", import.span().start_line)),
        Stmt::EmitExpr(_) | Stmt::EmitRaw(_) | Stmt::Set(_) | Stmt::Do(_) => Ok(()),
    }
}

/// Adds the literal name of an include, or the names of a literal list of alternatives.
fn name(expression: &Expr<'_>, found: &mut Vec<String>) -> Result<(), LanguageError> {
    let dynamic = || {
        LanguageError::new("an include whose name is computed", "write the name of the template as a literal string")
            .on_line(Some(usize::from(expression.span().start_line)))
    };
    let value = expression.as_const().ok_or_else(dynamic)?;
    if let Some(one) = value.as_str() {
        push_unique(found, one);
        return Ok(());
    }
    for alternative in value.try_iter().map_err(|_| dynamic())? {
        push_unique(found, alternative.as_str().ok_or_else(dynamic)?);
    }
    Ok(())
}

fn left_out(word: &str, line: u16) -> LanguageError {
    LanguageError::new(format!("`{word}` is not part of this dialect"), "use conditions, loops, `set` and `include`")
        .on_line(Some(usize::from(line)))
}
