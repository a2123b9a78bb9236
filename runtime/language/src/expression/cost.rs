//! A bound on the work of an expression, found before it is evaluated.
//!
//! CEL ends always, but `all`, `exists`, `map` and `filter` nest and chain: a line of text over a list of a thousand
//! items can mean 10^15 steps, or a result that fills the memory. So the largest size that each part can have is
//! computed from the real sizes in the context; every bound is a polynomial with positive coefficients in those sizes.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr};
use serde_json::Value;

use crate::LanguageError;

/// About a second of work.
const BUDGET: f64 = 10_000_000.0;
/// How deep comprehensions may nest; each level doubles the work of finding the bound.
const MAX_NESTING: usize = 4;
/// Bytes of text that count as one unit of size, as comparing and copying them is cheap.
const BYTES_PER_UNIT: f64 = 64.0;

/// Refuses an expression that could take too much time or memory over this context.
pub(super) fn check(expression: &IdedExpr, context: &Value) -> Result<(), LanguageError> {
    let mut estimate = Estimate { context, bound: Vec::new(), nesting: 0, comprehensions: 0 };
    let work = estimate.visit(expression)?;
    // Without a comprehension the work is linear in text and context.
    if estimate.comprehensions == 0 || work.steps + work.size <= BUDGET {
        return Ok(());
    }
    Err(LanguageError::new("the expression would take too long over these values", "walk fewer lists, or shorter ones"))
}

/// The most that a part can cost.
#[derive(Clone, Copy, Default)]
struct Work {
    /// Steps to evaluate it.
    steps: f64,
    /// Size of its value: values in it, and its text.
    size: f64,
}

impl Work {
    fn and(self, other: Self) -> Self {
        Self { steps: self.steps + other.steps, size: self.size + other.size }
    }
}

struct Estimate<'expression> {
    context: &'expression Value,
    /// Variables of the comprehensions around, with the sizes of their values.
    bound: Vec<(&'expression str, f64)>,
    nesting: usize,
    comprehensions: usize,
}

impl<'expression> Estimate<'expression> {
    fn visit(&mut self, expression: &'expression IdedExpr) -> Result<Work, LanguageError> {
        if let Some(value) = self.value(&expression.expr) {
            return Ok(Work { steps: 1.0, size: size(value) });
        }
        let parts = match &expression.expr {
            Expr::Unspecified | Expr::Literal(_) => Work::default(),
            Expr::Ident(name) => Work { steps: 1.0, size: self.bound_size(name) },
            Expr::Select(select) => self.visit(&select.operand)?,
            Expr::Call(call) => self.sum(call.target.as_deref().into_iter().chain(&call.args))?,
            Expr::List(list) => self.sum(&list.elements)?,
            Expr::Map(map) => self.entries(map.entries.iter().map(|entry| &entry.expr))?,
            Expr::Struct(object) => self.entries(object.entries.iter().map(|entry| &entry.expr))?,
            Expr::Comprehension(comprehension) => self.comprehension(comprehension)?,
        };
        // A call may walk all of its arguments, as `==` and `contains` do.
        let walked = if matches!(expression.expr, Expr::Call(_)) { parts.size } else { 0.0 };
        Ok(Work { steps: parts.steps + walked + 1.0, size: parts.size + 1.0 })
    }

    fn sum(&mut self, parts: impl IntoIterator<Item = &'expression IdedExpr>) -> Result<Work, LanguageError> {
        parts.into_iter().try_fold(Work::default(), |sum, part| Ok(sum.and(self.visit(part)?)))
    }

    fn entries(&mut self, entries: impl Iterator<Item = &'expression EntryExpr>) -> Result<Work, LanguageError> {
        let mut sum = Work::default();
        for entry in entries {
            sum = match entry {
                EntryExpr::StructField(field) => sum.and(self.visit(&field.value)?),
                EntryExpr::MapEntry(entry) => sum.and(self.visit(&entry.key)?).and(self.visit(&entry.value)?),
            };
        }
        Ok(sum)
    }

    /// The items of the range have together the range's size. For a polynomial p with positive coefficients the sum of
    /// p over all of them is at most `count * p(0) + p(whole) - p(0)`.
    fn comprehension(&mut self, comprehension: &'expression ComprehensionExpr) -> Result<Work, LanguageError> {
        if self.nesting == MAX_NESTING {
            return Err(LanguageError::new(
                format!("lists are walked inside each other more than {MAX_NESTING} times"),
                "compute inner results in earlier nodes",
            ));
        }
        self.nesting += 1;
        self.comprehensions += 1;
        let range = self.visit(&comprehension.iter_range)?;
        let start = self.visit(&comprehension.accu_init)?;
        let empty = self.step(comprehension, 0.0)?;
        let whole = self.step(comprehension, range.size)?;
        let over_all = |empty: f64, whole: f64| range.size * empty + (whole - empty);
        let size = start.size + over_all(empty.size, whole.size);
        self.bound.push((&comprehension.accu_var, size));
        let result = self.visit(&comprehension.result)?;
        self.bound.pop();
        self.nesting -= 1;
        let steps = range.steps + start.steps + over_all(empty.steps, whole.steps) + result.steps;
        Ok(Work { steps, size: result.size.max(size) })
    }

    /// One turn with an item of this size. What was gathered before is counted where it was gathered.
    fn step(&mut self, comprehension: &'expression ComprehensionExpr, item: f64) -> Result<Work, LanguageError> {
        let outer = self.bound.len();
        self.bound.push((&comprehension.accu_var, 0.0));
        self.bound.push((&comprehension.iter_var, item));
        self.bound.extend(comprehension.iter_var2.as_deref().map(|name| (name, item)));
        let condition = self.visit(&comprehension.loop_cond)?;
        let step = self.visit(&comprehension.loop_step)?;
        self.bound.truncate(outer);
        Ok(Work { steps: condition.steps + step.steps, size: step.size })
    }

    /// The part of the context that a path names, where it names one.
    fn value(&self, expression: &Expr) -> Option<&'expression Value> {
        match expression {
            Expr::Ident(name) if !self.bound.iter().any(|(bound, _)| bound == name) => self.context.get(name),
            Expr::Select(select) if !select.test => self.value(&select.operand.expr)?.get(&select.field),
            _ => None,
        }
    }

    fn bound_size(&self, name: &str) -> f64 {
        self.bound.iter().rev().find(|(bound, _)| *bound == name).map_or(1.0, |(_, size)| *size)
    }
}

/// The size of a value: how many values are in it, and its text.
#[expect(clippy::cast_precision_loss, reason = "a bound of this kind needs no more than 53 bits")]
fn size(value: &Value) -> f64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1.0,
        Value::String(text) => 1.0 + text.len() as f64 / BYTES_PER_UNIT,
        Value::Array(items) => 1.0 + items.iter().map(size).sum::<f64>(),
        Value::Object(fields) => 1.0 + fields.values().map(size).sum::<f64>(),
    }
}
