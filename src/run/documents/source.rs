//! Documents -> what they are compared by, made when it is asked for.
//!
//! Sets take more room than what they are made of, so that the stages that
//! compare make those of a few documents at a time, and again when need be.

use crate::bits::Ranked;
use crate::run::documents::Texts;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Recipe;
use crate::run::documents::recipe::Workspace;

/// Makes what documents are compared by, the same each time.
pub(super) trait Source: Sync {
    /// Why that cannot be done.
    type Error: Send;

    /// What a document is compared by.
    ///
    /// # Errors
    ///
    /// When what it is made of cannot be had again.
    fn material(&self, document: u32, workspace: &mut Workspace) -> Result<Material, Self::Error>;
}

/// Documents whose texts are read again.
pub(super) struct Read<'a, T: ?Sized> {
    pub(super) recipe: &'a Recipe,
    pub(super) texts: &'a T,
    /// First record of each document.
    pub(super) records: &'a Ranked,
}

impl<T: Texts + ?Sized> Source for Read<'_, T> {
    type Error = T::Error;

    fn material(&self, document: u32, workspace: &mut Workspace) -> Result<Material, T::Error> {
        let mut text = std::mem::take(&mut workspace.text);
        self.texts.text(self.records.select(document), &mut text)?;
        let material = self.recipe.material(&text, workspace);
        workspace.text = text;
        Ok(material)
    }
}
