//! Which variables and paths an expression reads.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

use crate::text::push_unique;

/// Names that CEL itself gives meaning to, as in `type(x) == int`.
const TYPES: [&str; 12] =
    ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type", "google"];

/// The dotted paths that an expression reads: unique, in order.
pub(super) fn paths(expression: &IdedExpr) -> Vec<String> {
    let mut walk = Walk::default();
    walk.visit(expression);
    walk.found
}

/// The first steps of those paths: the variables.
pub(super) fn roots(expression: &IdedExpr) -> Vec<String> {
    expression.references().variables().into_iter().map(str::to_owned).collect()
}

#[derive(Default)]
struct Walk<'expression> {
    found: Vec<String>,
    bound: Vec<&'expression str>,
}

impl<'expression> Walk<'expression> {
    fn visit(&mut self, expression: &'expression IdedExpr) {
        if let Some((root, path)) = path(&expression.expr) {
            if !self.bound.contains(&root) && !TYPES.contains(&root) && !root.starts_with('@') {
                push_unique(&mut self.found, &path);
            }
            return;
        }
        match &expression.expr {
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
            Expr::Select(select) => self.visit(&select.operand),
            Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.visit(part)),
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.visit_entry(&entry.expr)),
            Expr::Struct(object) => object.entries.iter().for_each(|entry| self.visit_entry(&entry.expr)),
            Expr::Comprehension(comprehension) => self.visit_comprehension(comprehension),
        }
    }

    fn visit_entry(&mut self, entry: &'expression EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
        }
    }

    fn visit_comprehension(&mut self, comprehension: &'expression ComprehensionExpr) {
        self.visit(&comprehension.iter_range);
        self.visit(&comprehension.accu_init);
        let outer = self.bound.len();
        self.bound.push(&comprehension.accu_var);
        self.bound.push(&comprehension.iter_var);
        self.bound.extend(comprehension.iter_var2.as_deref());
        self.visit(&comprehension.loop_cond);
        self.visit(&comprehension.loop_step);
        self.visit(&comprehension.result);
        self.bound.truncate(outer);
    }
}

/// The variable and the whole dotted path, where the expression is one: `a`, `a.b`, `a["b-c"].d`, `a[0]`.
fn path(expression: &Expr) -> Option<(&str, String)> {
    match expression {
        Expr::Ident(name) => Some((name, name.clone())),
        Expr::Select(select) => {
            let (root, path) = path(&select.operand.expr)?;
            Some((root, format!("{path}.{}", select.field)))
        }
        Expr::Call(call) if call.func_name == cel::common::ast::operators::INDEX => {
            let [list, index] = call.args.as_slice() else { return None };
            let (root, path) = path(&list.expr)?;
            let step = match &index.expr {
                Expr::Literal(LiteralValue::String(name)) => name.inner().to_owned(),
                Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
                _ => return None,
            };
            Some((root, format!("{path}.{step}")))
        }
        _ => None,
    }
}
