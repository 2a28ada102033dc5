//! `#[derive(Modal)]` and `#[derive(SelectOptions)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, LitStr, Result, meta::ParseNestedMeta,
    spanned::Spanned as _,
};

use crate::{
    custom_id::is_word,
    names::{plain_type, snake, words},
};

/// Largest number of fields of a form (Discord's page on modals).
const FIELDS: usize = 5;

pub(crate) fn modal(input: &DeriveInput) -> Result<TokenStream> {
    plain_type(input, "Modal")?;
    let name = &input.ident;
    let (title, custom_id) = head(input)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.span(),
            "a form is a struct with named fields",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new(
            input.span(),
            "a form is a struct with named fields",
        ));
    };
    if fields.named.is_empty() || fields.named.len() > FIELDS {
        let why = format!(
            "a form has 1 to {FIELDS} fields, this one {}",
            fields.named.len()
        );
        return Err(Error::new(fields.span(), why));
    }
    let (mut shown, mut read, mut idents, mut bound) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for field in &fields.named {
        let (Some(ident), ty) = (&field.ident, &field.ty) else {
            continue;
        };
        let wire = ident.to_string();
        let wire = wire.trim_start_matches("r#");
        let mut label = words(wire);
        let mut setters = Vec::new();
        each_meta(&field.attrs, "field", |meta| {
            field_setter(&meta, &mut label, &mut setters)
        })?;
        let length = label.chars().count();
        if !(1..=45).contains(&length) {
            let why = format!("a label has 1 to 45 characters, this one {length}");
            return Err(Error::new(field.span(), why));
        }
        let spec = quote!(::antiphon::components::Field::new(#wire, #label)#(#setters)*);
        shown.push(quote!(#spec.label_of::<#ty>(filled.map(|form| &form.#ident))));
        // A field may be named as a variable of this code is.
        let read_field = format_ident!("field_{}", bound.len());
        read.push(quote!(let #read_field = answers.read::<#ty>(#wire, #label);));
        bound.push(read_field);
        idents.push(ident);
    }
    Ok(quote! {
        impl ::antiphon::components::Modal for #name {
            const CUSTOM_ID: &'static str = #custom_id;
            const TITLE: &'static str = #title;

            fn fields(
                filled: ::core::option::Option<&Self>,
            ) -> ::std::vec::Vec<::antiphon::discord::model::Component> {
                ::std::vec![#(#shown),*]
            }

            fn read(
                answers: &mut ::antiphon::components::FormAnswers<'_>,
            ) -> ::core::option::Option<Self> {
                #(#read)*
                ::core::option::Option::Some(Self { #(#idents: #bound?),* })
            }
        }
    })
}

/// Title and custom id of a form.
fn head(input: &DeriveInput) -> Result<(String, String)> {
    let (mut title, mut custom_id) = (None, None);
    each_meta(&input.attrs, "modal", |meta| {
        if meta.path.is_ident("title") {
            title = Some(meta.value()?.parse::<LitStr>()?);
        } else if meta.path.is_ident("custom_id") {
            custom_id = Some(meta.value()?.parse::<LitStr>()?);
        } else {
            return Err(meta.error("a form takes `title` and `custom_id`"));
        }
        Ok(())
    })?;
    let (Some(title), Some(custom_id)) = (title, custom_id) else {
        let why = "write `#[modal(title = \"Feedback\", custom_id = \"feedback\")]`; the custom id must stay as it is, since \
                   forms that are open name it";
        return Err(Error::new(input.ident.span(), why));
    };
    let length = title.value().chars().count();
    if !(1..=45).contains(&length) {
        return Err(Error::new(
            title.span(),
            format!("a title has 1 to 45 characters, this one {length}"),
        ));
    }
    if !is_word(&custom_id.value()) {
        let why = "a form's custom id has 1 to 32 characters: small letters, digits, `_` and `-`";
        return Err(Error::new(custom_id.span(), why));
    }
    Ok((title.value(), custom_id.value()))
}

/// Settings of a field with a value, and those without.
const VALUED: &[&str] = &[
    "description",
    "placeholder",
    "min_length",
    "max_length",
    "min_values",
    "max_values",
];
const PLAIN: &[&str] = &["paragraph", "radio", "checkboxes"];

fn field_setter(
    meta: &ParseNestedMeta<'_>,
    label: &mut String,
    setters: &mut Vec<TokenStream>,
) -> Result<()> {
    if meta.path.is_ident("label") {
        *label = meta.value()?.parse::<LitStr>()?.value();
        return Ok(());
    }
    let path = &meta.path;
    if VALUED.iter().any(|known| path.is_ident(known)) {
        let value: Expr = meta.value()?.parse()?;
        setters.push(quote!(.#path(#value)));
        return Ok(());
    }
    if PLAIN.iter().any(|known| path.is_ident(known)) {
        setters.push(quote!(.#path()));
        return Ok(());
    }
    let known = [&["label"], VALUED, PLAIN].concat().join("`, `");
    Err(meta.error(format!(
        "`{}` is no setting of a field: there are `{known}`",
        path.to_token_stream()
    )))
}

pub(crate) fn select_options(input: &DeriveInput) -> Result<TokenStream> {
    plain_type(input, "SelectOptions")?;
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.span(),
            "options are the variants of an enum",
        ));
    };
    let (mut options, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        if !variant.fields.is_empty() {
            return Err(Error::new(
                variant.span(),
                "an option is a variant without fields",
            ));
        }
        let ident = &variant.ident;
        let mut label = words(&ident.to_string());
        let mut value = snake(&ident.to_string());
        let mut setters = Vec::new();
        each_meta(&variant.attrs, "option", |meta| {
            let text = || -> Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
            if meta.path.is_ident("label") {
                label = text()?;
            } else if meta.path.is_ident("value") {
                value = text()?;
            } else if meta.path.is_ident("description") || meta.path.is_ident("emoji") {
                let (path, text) = (&meta.path, text()?);
                setters.push(quote!(.#path(#text)));
            } else {
                return Err(
                    meta.error("an option takes `label`, `value`, `description` and `emoji`")
                );
            }
            Ok(())
        })?;
        options.push(
            quote!(::antiphon::discord::model::SelectMenuOption::new(#label, #value)#(#setters)*),
        );
        writes.push(quote!(Self::#ident => #value));
        reads.push(quote!(#value => ::core::option::Option::Some(Self::#ident)));
    }
    if options.is_empty() || options.len() > 25 {
        let why = format!("there are 1 to 25 options, here {}", options.len());
        return Err(Error::new(input.span(), why));
    }
    Ok(quote! {
        impl ::antiphon::components::SelectOptions for #name {
            fn options() -> ::std::vec::Vec<::antiphon::discord::model::SelectMenuOption> {
                ::std::vec![#(#options),*]
            }

            fn value(&self) -> &'static str {
                match self { #(#writes,)* }
            }

            fn of_value(value: &str) -> ::core::option::Option<Self> {
                match value {
                    #(#reads,)*
                    _ => ::core::option::Option::None,
                }
            }
        }

        impl ::antiphon::components::FormField for #name {
            fn component(
                field: &::antiphon::components::Field,
            ) -> ::antiphon::discord::model::Component {
                ::antiphon::components::one_component::<Self>(field)
            }

            fn fill(&self, component: &mut ::antiphon::discord::model::Component) {
                ::antiphon::components::FormChoice::choose(self, component);
            }

            fn read(
                answer: &::antiphon::components::FieldAnswer<'_>,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                ::antiphon::components::one_choice::<Self>(answer)
            }
        }
    })
}

/// Calls `visit` with each setting of the attributes of a name.
fn each_meta(
    attributes: &[Attribute],
    name: &str,
    mut visit: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut visit))
}
