//! Passages refused for their figures -> what is a template.
//!
//! A text that is told again and again with other figures is a template that
//! is filled in anew, and what seems to retell it, with figures that happen to
//! agree or without any, is another filling. A passage of which more than half
//! was refused [`REFUSALS`] times is one.
//!
//! * time: linear in the units of what is refused and asked for
//! * space: 4 bytes a unit of the corpus

use crate::reworded::Telling;
use crate::reworded::UnitSpan;

/// Times that make a template: once may be an error in a figure.
pub const REFUSALS: u32 = 2;

/// How often each unit was refused.
#[derive(Clone, Debug)]
pub struct Templates {
    refused: Vec<u32>,
}

impl Templates {
    /// Nothing refused of a corpus of `units` units.
    #[must_use]
    pub fn new(units: u32) -> Templates {
        Templates { refused: vec![0; units as usize] }
    }

    /// Notes two passages that are the same but for their figures.
    pub fn refuse(&mut self, (a, b): (UnitSpan, UnitSpan)) {
        self.refused[a.range()].iter_mut().for_each(|n| *n += 1);
        self.refused[b.range()].iter_mut().for_each(|n| *n += 1);
    }

    /// Whether both passages are templates.
    #[must_use]
    pub fn are(&self, t: &Telling) -> bool {
        self.is(t.a) && self.is(t.b)
    }

    fn is(&self, span: UnitSpan) -> bool {
        let filled = self.refused[span.range()].iter().filter(|&&n| n >= REFUSALS).count();
        2 * filled > span.range().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_was_refused_twice_in_most_of_its_units() {
        let span = |start, end| UnitSpan { start, end };
        let telling = |a, b| Telling { a, b, cosine: 1, shared: 1, unusual: 1 };
        let mut templates = Templates::new(20);
        templates.refuse((span(0, 3), span(10, 13)));
        assert!(!templates.are(&telling(span(0, 3), span(10, 13))));
        templates.refuse((span(0, 3), span(15, 18)));
        templates.refuse((span(15, 18), span(10, 13)));
        assert!(templates.are(&telling(span(0, 3), span(10, 13))));
        assert!(templates.are(&telling(span(0, 5), span(11, 13))));
        assert!(!templates.are(&telling(span(0, 6), span(10, 13))), "half is not more than half");
        assert!(!templates.are(&telling(span(0, 3), span(5, 8))));
    }
}
