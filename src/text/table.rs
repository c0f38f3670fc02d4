//! Character -> what it is to the tokeniser, in one look-up.
//!
//! The role of a character follows from its compatibility decomposition. The
//! entry also holds its normalised form where that is one character which
//! does not depend on its neighbours; a token of such characters only, in
//! canonical order, has the row of their forms as its form (*Unicode Standard
//! Annex #15*, section 9, detecting normalization forms).
//!
//! * time: an array access; the first character met of a block of 256 pays
//!   for all of them, some 50 us
//! * space: 1 KiB a block in use, for the whole process
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

const ROLES: [Role; 8] = [
    Role::Separator,
    Role::Word,
    Role::Cluster,
    Role::Mark,
    Role::Enclosing,
    Role::Inner,
    Role::Ignorable,
    Role::Several,
];

/// What is known about a character: its form in bits 0 to 20, its combining
/// class in bits 21 to 28, its role in bits 29 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

/// Stands for a form that is not one character on its own.
const NO_FORM: u32 = 0x1f_ffff;

impl Entry {
    fn new(role: Role, class: u8, form: Option<char>) -> Entry {
        Entry((role as u32) << 29 | u32::from(class) << 21 | form.map_or(NO_FORM, u32::from))
    }

    /// The role of the character.
    #[inline]
    pub(super) fn role(self) -> Role {
        ROLES[(self.0 >> 29) as usize]
    }

    /// The normalised form, if it is one character whatever stands beside it
    /// (in canonical order).
    #[inline]
    pub(super) fn form(self) -> Option<char> {
        char::from_u32(self.0 & NO_FORM)
    }

    /// Canonical combining class of the character and of its form.
    #[inline]
    pub(super) fn class(self) -> u8 {
        (self.0 >> 21) as u8
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

#[cold]
fn fill(block: usize) -> Box<[Entry; BLOCK]> {
    let mut entries = Box::new([Entry(0); BLOCK]);
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
