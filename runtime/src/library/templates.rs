//! Prompt templates of a program (S1-115).

use serde_json::{Map, Value};

use super::{Refused, Troupe};
use crate::service::rights::Asker;
use crate::service::templates::{PreviewInput, Template, TemplateInput};

/// The templates.
#[derive(Clone, Copy)]
pub struct Templates<'a>(pub(super) &'a Troupe);

impl Templates<'_> {
    /// Creates a template, or gives the one of that name another text.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// troupe.templates().create("greeting", "Greet {{name}} in {{language}}.").await?;
    /// let arguments = serde_json::json!({"name": "Ada", "language": "Latin"});
    /// let text = troupe.templates().render("greeting", arguments.as_object().cloned().unwrap_or_default())?;
    /// assert_eq!(text, "Greet Ada in Latin.");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the name or the text is wrong.
    pub async fn create(&self, name: &str, content: &str) -> Result<(), Refused> {
        self.0.app().create_template(&Asker::nobody(), input(Some(name), content)).await?;
        Ok(())
    }

    /// The template of a name.
    pub fn get(&self, name: &str) -> Option<Template> {
        self.0.app().template(name).ok()
    }

    /// Gives a template another text.
    ///
    /// # Errors
    /// When there is no such template, or the text is wrong.
    pub async fn update(&self, name: &str, content: &str) -> Result<(), Refused> {
        self.0.app().update_template(&Asker::nobody(), name, input(None, content)).await?;
        Ok(())
    }

    /// Removes a template.
    ///
    /// # Errors
    /// When there is no such template.
    pub async fn delete(&self, name: &str) -> Result<(), Refused> {
        self.0.app().delete_template(&Asker::nobody(), name).await?;
        Ok(())
    }

    /// Every template, by name.
    pub fn list(&self) -> Vec<Template> {
        self.0.app().list_templates()
    }

    /// A template's text with its arguments; a name without a value stays as it is written (S1-113).
    ///
    /// # Errors
    /// When there is no such template, or a required argument is missing.
    pub fn render(&self, name: &str, arguments: Map<String, Value>) -> Result<String, Refused> {
        Ok(self.0.app().preview_template(name, &PreviewInput { arguments })?.text)
    }
}

fn input(name: Option<&str>, content: &str) -> TemplateInput {
    TemplateInput { template_id: name.map(str::to_owned), content: Some(content.to_owned()) }
}
