//! Character -> what it is to the tokeniser, in one look-up.
//!
//! The role of a character follows from its compatibility decomposition. The
//! entry also holds its normalised form where that is one character which
//! does not depend on its neighbours; a token of such characters only, in
//! canonical order, has the row of their forms as its form (*Unicode Standard
//! Annex #15*, section 9, detecting normalization forms).
//!
//! * time: an array access; the first character met of a block of 256 pays
//!   for all of them, some 0.2 ms
//! * space: 2 KiB a block in use, for the whole process
//!
//! The blocks are filled on demand because filling all would cost more than
//! most runs; every filling gives the same entries.

use std::sync::OnceLock;

use unicode_normalization::IsNormalized;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::char::decompose_compatible;
use unicode_normalization::is_nfkc_quick;
use unicode_properties::GeneralCategory;
use unicode_properties::UnicodeGeneralCategory;
use unicode_script::Script;
use unicode_script::UnicodeScript;

use super::normal::is_apostrophe;
use super::normal::is_ignorable;
use super::normal::normalise;

/// The role of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Parts tokens; a mark after it belongs to it.
    Separator,
    /// A letter of a spaced script, or a decimal digit.
    Word,
    /// A letter of an unspaced script.
    Cluster,
    /// A combining mark: goes on with the token before it.
    Mark,
    /// A mark that encloses its base, or a skin tone: within the token's
    /// span, but not in its form.
    Enclosing,
    /// An apostrophe or a fraction slash: part of a word between two
    /// characters of it, else a separator.
    Inner,
    /// Invisible: as if it were not there.
    Ignorable,
    /// Its decomposition has several roles: to be looked at piece by piece.
    Several,
}

/// What is known about a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The role of the character.
    pub(super) role: Role,
    /// Canonical combining class of the character and of its form.
    pub(super) class: u8,
    /// Bytes of the normalised form in UTF-8, if it is one character whatever
    /// stands beside it (in canonical order); 0 if not.
    pub(super) len: u8,
    /// The bytes, and zeros.
    pub(super) form: [u8; 4],
}

impl Entry {
    fn new(role: Role, class: u8, form: Option<char>) -> Entry {
        let mut bytes = [0; 4];
        let len = form.map_or(0, |m| m.encode_utf8(&mut bytes).len());
        Entry { role, class, len: len as u8, form: bytes }
    }

    /// The normalised form, empty if it depends on the neighbours.
    pub(super) fn form(&self) -> &str {
        str::from_utf8(&self.form[..self.len.into()]).expect("one character or nothing")
    }
}

const BLOCK: usize = 256;

static BLOCKS: [OnceLock<Box<[Entry; BLOCK]>>; 0x11_0000 / BLOCK] =
    [const { OnceLock::new() }; 0x11_0000 / BLOCK];

/// The entry of a character.
#[inline]
pub(super) fn entry(c: char) -> Entry {
    let code = c as usize;
    let block = BLOCKS[code / BLOCK].get_or_init(|| fill(code / BLOCK));
    block[code % BLOCK]
}

/// Whether the normalised form of a text is that of what stands before `c`,
/// then that of the rest, whatever they are.
pub(super) fn parts(c: char) -> bool {
    let own = entry(c);
    if own.len != 0 && own.class == 0 {
        return true;
    }
    let mut first = None;
    decompose_compatible(c, |d| first = first.or(Some(d)));
    first.is_some_and(|d| {
        canonical_combining_class(d) == 0 && is_nfkc_quick(std::iter::once(d)) == IsNormalized::Yes
    })
}

#[cold]
fn fill(block: usize) -> Box<[Entry; BLOCK]> {
    let mut entries = Box::new([Entry::new(Role::Separator, 0, None); BLOCK]);
    for (i, entry) in entries.iter_mut().enumerate() {
        // Surrogates are no characters and never looked up.
        if let Some(c) = char::from_u32((block * BLOCK + i) as u32) {
            *entry = define(c);
        }
    }
    entries
}

/// The entry of a character, by its properties.
fn define(c: char) -> Entry {
    let mut pieces = Vec::new();
    decompose_compatible(c, |d| pieces.extend(Some(d).filter(|&d| !is_ignorable(d))));
    if is_ignorable(c) || pieces.is_empty() {
        return Entry::new(Role::Ignorable, 0, None);
    }
    let roles: Vec<Role> = pieces.iter().map(|&d| piece_role(d)).collect();
    Entry::new(join(&roles), canonical_combining_class(c), own_form(c))
}

/// Whether the letter `c` goes on with the cluster that ends with `last`: Thai
/// and Lao write the vowel "am" as one character or as these two.
#[inline]
pub(super) fn completes_am(last: char, c: char) -> bool {
    matches!((last, c), ('\u{e4d}', '\u{e32}') | ('\u{ecd}', '\u{eb2}'))
}

/// Whether a mark ties the next letter to its cluster: the Khmer coeng and
/// the Myanmar virama write a consonant below another.
#[inline]
pub(super) fn stacks(mark: char) -> bool {
    matches!(mark, '\u{17d2}' | '\u{1039}')
}

/// The role of a whole from the roles of the pieces of its decomposition.
fn join(roles: &[Role]) -> Role {
    let is_mark = |&r: &Role| r == Role::Mark;
    let words_at_ends =
        roles[0] == Role::Word && roles.iter().rev().find(|r| !is_mark(r)) == Some(&Role::Word);
    let in_words = |r: &Role| matches!(r, Role::Word | Role::Mark | Role::Inner);
    let tied = |w: &[Role]| w[0] != Role::Inner || w[1] == Role::Word;
    if roles.len() == 1 || roles[0] != Role::Inner && roles[1..].iter().all(is_mark) {
        roles[0]
    } else if words_at_ends && roles.iter().all(in_words) && roles.windows(2).all(tied) {
        Role::Word
    } else if roles.iter().all(|r| matches!(r, Role::Separator | Role::Mark))
        && roles[0] == Role::Separator
    {
        Role::Separator
    } else {
        Role::Several
    }
}

/// The role of a character that does not decompose.
fn piece_role(d: char) -> Role {
    use GeneralCategory as G;
    if is_apostrophe(d) || d == '\u{2044}' {
        return Role::Inner;
    }
    match d.general_category() {
        G::DecimalNumber => Role::Word,
        G::NonspacingMark | G::SpacingMark => Role::Mark,
        G::EnclosingMark => Role::Enclosing,
        G::UppercaseLetter
        | G::LowercaseLetter
        | G::TitlecaseLetter
        | G::ModifierLetter
        | G::OtherLetter
        | G::LetterNumber => {
            if is_unspaced(d) {
                Role::Cluster
            } else {
                Role::Word
            }
        }
        // Letters in circles and squares, alphabetic though symbols.
        _ if matches!(d, '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}') => Role::Word,
        // Skin tones.
        _ if matches!(d, '\u{1f3fb}'..='\u{1f3ff}') => Role::Enclosing,
        _ => Role::Separator,
    }
}

/// Whether a letter is of a script written without spaces, or a sign that
/// only such scripts use (`ー`).
fn is_unspaced(c: char) -> bool {
    const UNSPACED: [Script; 7] = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Thai,
        Script::Lao,
        Script::Khmer,
        Script::Myanmar,
    ];
    match c.script() {
        Script::Common | Script::Inherited => {
            let used_by = c.script_extension();
            !used_by.is_common()
                && !used_by.is_inherited()
                && UNSPACED.iter().any(|&s| used_by.contains_script(s))
        }
        script => UNSPACED.contains(&script),
    }
}

/// The form of a character if it is one character in every context.
fn own_form(c: char) -> Option<char> {
    let mut composed = std::iter::once(c).nfkc();
    let mut form = String::new();
    normalise(c.encode_utf8(&mut [0; 4]), &mut form);
    let mut form = form.chars();
    let (k, m) = (composed.next()?, form.next()?);
    let alone = composed.next().is_none() && form.next().is_none();
    let steady = |d: char| {
        is_nfkc_quick(std::iter::once(d)) == IsNormalized::Yes
            && canonical_combining_class(d) == canonical_combining_class(c)
    };
    (alone && steady(k) && steady(m)).then_some(m)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn all() -> impl Iterator<Item = char> {
        (0..=0x10_ffff).filter_map(char::from_u32)
    }

    fn form(text: &str) -> String {
        let mut form = String::new();
        normalise(text, &mut form);
        form
    }

    /// The form of a character that has its own.
    fn own(c: char) -> String {
        entry(c).form().into()
    }

    /// Whether the form is another character.
    fn changes(c: char) -> bool {
        entry(c).len != 0 && own(c) != c.to_string()
    }

    #[test]
    fn roles_by_example() {
        use Role::*;
        #[rustfmt::skip]
        let cases = [
            ('a', Word), ('7', Word), ('_', Separator), ('\'', Inner), ('’', Inner), ('-', Separator),
            ('é', Word), ('٣', Word), ('中', Cluster), ('ー', Cluster), ('ｶ', Cluster), ('ﾞ', Mark),
            ('が', Cluster), ('・', Separator), ('〇', Cluster), ('々', Cluster), ('한', Word),
            ('ั', Mark), ('ำ', Several), ('²', Word), ('½', Word), ('⅟', Several), ('⁄', Inner),
            ('™', Word), ('㎏', Word), ('㎧', Several), ('㍿', Several), ('…', Separator),
            ('\u{ad}', Ignorable), ('\u{3164}', Ignorable), ('\u{e0020}', Ignorable),
            ('\u{20e3}', Enclosing), ('🏽', Enclosing), ('😀', Separator), ('Ⅷ', Word),
            ('\u{301}', Mark), ('¨', Separator), ('ŉ', Several), ('ŀ', Several), ('🅐', Word),
        ];
        for (c, role) in cases {
            assert_eq!(entry(c).role, role, "{c:?}");
        }
    }

    #[test]
    fn marks_that_change_places_have_the_same_role() {
        // Canonical order moves only characters of a class above 0.
        for c in all().filter(|&c| canonical_combining_class(c) != 0) {
            assert_eq!(entry(c).role, Role::Mark, "{c:?}");
        }
    }

    #[test]
    fn a_row_of_forms_is_the_form_of_the_row() {
        let with_form: Vec<char> = all().filter(|&c| entry(c).len != 0).collect();
        let changed: Vec<char> = all().filter(|&c| changes(c)).collect();
        let mut state = 8;
        for i in 0..400_000 {
            let mut draw =
                |from: &[char]| from[(hash::splitmix64(&mut state) % from.len() as u64) as usize];
            let pool = if i % 2 == 0 { &with_form } else { &changed };
            let row = [draw(pool), draw(&with_form), draw(pool)];
            let sorted = row.windows(2).all(|w| {
                let (a, b) = (entry(w[0]).class, entry(w[1]).class);
                b == 0 || a <= b
            });
            if sorted {
                let forms: String = row.iter().map(|&c| own(c)).collect();
                assert_eq!(form(&row.iter().collect::<String>()), forms, "{row:?}");
            }
        }
    }

    #[test]
    fn a_form_may_stand_for_its_character_before_any_mark() {
        let marks: Vec<char> = all()
            .filter(|&c| entry(c).len == 0 && matches!(entry(c).role, Role::Mark | Role::Word))
            .collect();
        for c in all().filter(|&c| changes(c)) {
            for &mark in &marks {
                let whole = form(&String::from_iter([c, mark]));
                assert_eq!(form(&format!("{}{mark}", own(c))), whole, "{c:?} {mark:?}");
            }
        }
    }
}
