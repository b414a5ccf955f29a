//! What the user asked for: `overlap_system!`'s input, checked, with every mistake at its token. What may be said is the
//! engine's ([`declaration`](overlap_engine::declaration)); here tokens are read.

mod entries;

use overlap_engine::activation::Activations;
use overlap_engine::declaration::{Declaration, Entries, KEYS, Mistake, expected_colon};
use overlap_layout::{MAX_K, MAX_P, Shape};
use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, Token, Visibility, spanned::Spanned};

/// A checked declaration.
pub struct Specification {
    /// Attributes and documentation for the declared type.
    pub attributes: Vec<Attribute>,
    /// Its visibility.
    pub visibility: Visibility,
    /// Its name, given or made from the sizes.
    pub name: Ident,
    /// Sizes.
    pub sizes: Shape,
    /// What was declared.
    pub declaration: Declaration<Span>,
}

const EXAMPLE: &str = "overlap_system!(k = 4, p = 8, act = erf)";

impl Parse for Specification {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), format!("the system has no sizes: write `{EXAMPLE}`")));
        }
        let mut errors = Errors::default();
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        let given = given_name(input, &mut errors)?;
        if given.is_none() && !(attributes.is_empty() && matches!(visibility, Visibility::Inherited)) {
            let span = attributes.first().map_or_else(|| visibility.span(), Spanned::span);
            errors.push(Error::new(
                span,
                "attributes and visibility belong to a named system: `pub Committee: k = 4, p = 8, act = erf`",
            ));
            if input.peek(Token![:]) {
                input.parse::<Token![:]>()?;
            }
        }
        let mut entries = Entries::default();
        entries::parse(input, &mut entries, &mut errors);
        let whole = given.as_ref().map_or_else(Span::call_site, Ident::span);
        let declaration = match entries.check(&whole, [MAX_K, MAX_P], EXAMPLE, Vec::new()) {
            Ok(declaration) => declaration,
            Err(mistakes) => {
                mistakes.into_iter().for_each(|mistake| errors.push(error(mistake)));
                return Err(errors.finish(&whole));
            }
        };
        if errors.0.is_some() {
            return Err(errors.finish(&whole));
        }
        let name = given.unwrap_or_else(|| Ident::new(&declaration.type_name(), Span::call_site()));
        Ok(Specification { attributes, visibility, name, sizes: declaration.shape, declaration })
    }
}

/// `Name:` in front of the options.
fn given_name(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<Ident>> {
    let path = input.peek(Token![::]) || input.peek2(Token![::]);
    // `k: 4` is an option gone wrong, and reported as one.
    let ahead = input.fork();
    let option = ahead.parse::<Ident>().is_ok_and(|word| KEYS.contains(&word.to_string().as_str()));
    if path || option || !input.peek(Ident) {
        return Ok(None);
    }
    // A word that stands alone, or in front of an option, was meant as the name.
    if input.peek2(Token![:]) || ahead.is_empty() || ahead.peek(Ident) {
        let name: Ident = input.parse()?;
        if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
        } else {
            errors.push(Error::new(name.span(), expected_colon(&name.to_string())));
        }
        return Ok(Some(name));
    }
    Ok(None)
}

impl Specification {
    /// The activations of students and teachers.
    pub fn activations(&self) -> Activations<'_> {
        self.declaration.activations()
    }
}

fn error(mistake: Mistake<Span>) -> Error {
    Error::new(mistake.at, mistake.message)
}

/// Errors found so far, reported together.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn finish(self, whole: &Span) -> Error {
        self.0.unwrap_or_else(|| Error::new(*whole, format!("write `{EXAMPLE}`")))
    }
}
