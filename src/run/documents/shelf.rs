//! What documents are compared by, made again and held while it is needed.
//!
//! * time: as the first time, over all threads
//! * space: what is held; the callers see to the budget

use crate::run::documents::DocumentsError;
use crate::run::documents::found::Job;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Workspace;
use crate::run::documents::source::Source;
use ahash::AHashMap;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Documents that are at hand.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    materials: Vec<Material>,
    places: AHashMap<u32, u32>,
}

impl Shelf {
    /// Makes the documents ready.
    pub(super) fn load<S: Source>(
        job: &Job<'_, S>,
        documents: &[u32],
    ) -> Result<Shelf, DocumentsError<S::Error>> {
        let mut shelf = Shelf::default();
        shelf.more(job, documents)?;
        Ok(shelf)
    }

    /// Adds documents that are not there yet.
    pub(super) fn more<S: Source>(
        &mut self,
        job: &Job<'_, S>,
        documents: &[u32],
    ) -> Result<(), DocumentsError<S::Error>> {
        let made: Vec<Result<Material, S::Error>> = documents
            .par_iter()
            .map_init(Workspace::default, |workspace, &document| {
                job.source.material(document, workspace)
            })
            .collect();
        for (&document, material) in documents.iter().zip(made) {
            // The first error in the order of the documents, whichever thread
            // met one first.
            let material = material.map_err(DocumentsError::Text)?;
            self.places.insert(document, self.materials.len() as u32);
            self.materials.push(material);
        }
        Ok(())
    }

    /// Takes off all but the first `documents`.
    pub(super) fn cut(&mut self, documents: usize) {
        self.materials.truncate(documents);
        self.places.retain(|_, place| (*place as usize) < documents);
    }

    /// The materials, in the order of the documents.
    pub(super) fn into_materials(self) -> Vec<Material> {
        self.materials
    }

    /// A document that is there.
    pub(super) fn of(&self, document: u32) -> &Material {
        &self.materials[self.places[&document] as usize]
    }
}

/// Documents made ready one by one, the oldest taken off when there are too
/// many.
pub(super) struct Stack<'a, 'j, S> {
    job: &'a Job<'j, S>,
    budget: u64,
    bytes: u64,
    held: AHashMap<u32, Arc<Material>>,
    order: VecDeque<u32>,
    workspace: Workspace,
}

impl<'a, 'j, S: Source> Stack<'a, 'j, S> {
    /// Holds so many bytes, and one document more at times.
    pub(super) fn new(job: &'a Job<'j, S>, budget: u64) -> Stack<'a, 'j, S> {
        Stack {
            job,
            budget,
            bytes: 0,
            held: AHashMap::new(),
            order: VecDeque::new(),
            workspace: Workspace::default(),
        }
    }

    /// A document.
    pub(super) fn get(&mut self, document: u32) -> Result<Arc<Material>, DocumentsError<S::Error>> {
        if let Some(material) = self.held.get(&document) {
            return Ok(Arc::clone(material));
        }
        let material = self.job.source.material(document, &mut self.workspace);
        let material = material.map_err(DocumentsError::Text)?;
        let material = Arc::new(material);
        self.bytes += material.bytes();
        self.held.insert(document, Arc::clone(&material));
        self.order.push_back(document);
        while self.bytes > self.budget {
            let Some(old) = self.order.pop_front() else { break };
            if let Some(old) = self.held.remove(&old) {
                self.bytes -= old.bytes();
            }
        }
        Ok(material)
    }
}

/// Documents made ready by all threads, the oldest taken off when there are
/// too many.
pub(super) struct Cache<'a, 'j, S> {
    pub(super) job: &'a Job<'j, S>,
    /// The documents by the numbers that are asked for, if those are others.
    names: Option<&'a [u32]>,
    held: Mutex<Kept>,
}

/// Materials, their order and their bytes.
#[derive(Default)]
struct Kept {
    of: AHashMap<u32, Arc<Material>>,
    order: VecDeque<u32>,
    bytes: u64,
}

impl<'a, 'j, S: Source> Cache<'a, 'j, S> {
    pub(super) fn new(job: &'a Job<'j, S>, names: Option<&'a [u32]>) -> Cache<'a, 'j, S> {
        Cache { job, names, held: Mutex::default() }
    }

    /// A document.
    pub(super) fn get(
        &self,
        number: u32,
        workspace: &mut Workspace,
    ) -> Result<Arc<Material>, DocumentsError<S::Error>> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(material) = held().of.get(&number) {
            return Ok(Arc::clone(material));
        }
        let document = self.names.map_or(number, |names| names[number as usize]);
        let mut material =
            self.job.source.material(document, workspace).map_err(DocumentsError::Text)?;
        if self.names.is_some() {
            material = material.without_bag();
        }
        let material = Arc::new(material);
        let mut held = held();
        if held.of.insert(number, Arc::clone(&material)).is_none() {
            held.bytes += material.bytes();
            held.order.push_back(number);
        }
        while held.bytes > self.job.set_bytes() {
            let Some(old) = held.order.pop_front() else { break };
            if let Some(old) = held.of.remove(&old) {
                held.bytes -= old.bytes();
            }
        }
        Ok(material)
    }
}
