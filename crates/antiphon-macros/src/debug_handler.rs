//! `#[debug_handler]`: one check for each part of a handler, so that the compiler names the part that does not fit.
//!
//! The function stays as it is. Behind it stand functions that are never called: each has one bound, written with the
//! span of the argument or the return type that it is about, and an unmet bound is an error at that place. Another one
//! asks that the future is `Send`, where the compiler shows the await and the value that is held across it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{
    Error, FnArg, GenericArgument, Ident, ItemFn, PathArguments, Result, ReturnType, Token, Type,
    parse::{Parse, ParseStream},
    spanned::Spanned as _,
};

/// Extractors that may follow the event.
const EXTRACTORS: usize = 4;

/// Names of the extractors of `antiphon`, none of which is an event.
const NAMES: [&str; 4] = ["State", "Delivery", "Before", "Handle"];

/// Options in the attribute's parentheses: `state = Bot`, or nothing.
struct Options {
    state: Option<Type>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Ok(Self { state: None });
        }
        let key: Ident = input.parse()?;
        if key != "state" {
            return Err(Error::new(
                key.span(),
                "`debug_handler` knows one option: `state = TYPE`",
            ));
        }
        input.parse::<Token![=]>()?;
        let state = Some(input.parse()?);
        if !input.is_empty() {
            return Err(input.error("`debug_handler` takes nothing behind the state"));
        }
        Ok(Self { state })
    }
}

/// Writes the function, with its checks behind it.
///
/// The function is kept when the checks cannot be written, so that one mistake gives one error.
pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = Error::new(error.span(), "`debug_handler` stands above a function");
            let error = error.into_compile_error();
            return quote! { #item #error };
        }
    };
    let checks = syn::parse2(options)
        .and_then(|options: Options| checks(&function, options))
        .unwrap_or_else(Error::into_compile_error);
    quote! { #function #checks }
}

fn checks(function: &ItemFn, options: Options) -> Result<TokenStream> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "`debug_handler` cannot check a generic function; give each payload a function of its own",
        ));
    }
    if signature.asyncness.is_none() && !gives_future(&signature.output) {
        return Err(Error::new(
            signature.fn_token.span,
            "a handler is an `async fn`",
        ));
    }
    let arguments = arguments(function)?;
    let Some((event, extractors)) = arguments.split_first() else {
        return Err(Error::new(
            signature.ident.span(),
            "a handler takes an event as its first argument, such as `event: Event`",
        ));
    };
    if let Some(beyond) = extractors.get(EXTRACTORS) {
        return Err(Error::new(
            beyond.span(),
            "a handler takes up to four extractors behind its event; put several parts of the state into one",
        ));
    }
    if let Some(name) = last_name(event).filter(|name| NAMES.iter().any(|known| name == known)) {
        return Err(Error::new(
            event.span(),
            format!(
                "`{name}` is no event: the event is the first argument, and extractors follow it"
            ),
        ));
    }
    let state = match options.state {
        Some(state) => state,
        None => inferred(extractors)?,
    };

    let name = &signature.ident;
    let mut checks = TokenStream::new();
    let mut check = |what: &str, span: Span, ty: &Type, bound: TokenStream| {
        let check = format_ident!("__antiphon_check_{name}_{what}", span = span);
        checks.extend(quote_spanned! {span=>
            #[doc(hidden)]
            #[allow(warnings)]
            fn #check() where #ty: #bound {}
        });
    };
    let payload = in_arc(event).unwrap_or(event);
    let bound = quote_spanned!(event.span()=> ::antiphon::Payload);
    check("event", event.span(), payload, bound);
    if in_arc(event).is_none() {
        let bound = quote_spanned!(event.span()=> ::antiphon::__private::ByValue);
        check("event_by_value", event.span(), event, bound);
    }
    for (number, extractor) in extractors.iter().enumerate() {
        let bound = quote_spanned!(extractor.span()=> ::antiphon::FromContext<#state>);
        check(
            &format!("extractor_{number}"),
            extractor.span(),
            extractor,
            bound,
        );
    }
    if let (Some(_), ReturnType::Type(_, result)) = (signature.asyncness, &signature.output)
        && !matches!(**result, Type::ImplTrait(_) | Type::Never(_))
    {
        check(
            "result",
            result.span(),
            result,
            quote_spanned!(result.span()=> ::antiphon::Outcome),
        );
    }
    let check = format_ident!("__antiphon_check_{name}_future");
    let panics = arguments.iter().map(|_| quote!(::core::panic!()));
    let call = quote_spanned! {name.span()=> is_send(#name(#(#panics),*)) };
    checks.extend(quote! {
        #[doc(hidden)]
        #[allow(warnings)]
        fn #check() {
            fn is_send<F: ::core::future::Future + ::core::marker::Send>(_: F) {}
            #call;
        }
    });
    Ok(checks)
}

/// Types of the arguments.
fn arguments(function: &ItemFn) -> Result<Vec<Type>> {
    let inputs = function.sig.inputs.iter();
    inputs
        .map(|input| match input {
            FnArg::Receiver(receiver) => Err(Error::new(
                receiver.span(),
                "a handler is a function of its own and takes no `self`",
            )),
            FnArg::Typed(argument) => match &*argument.ty {
                Type::Reference(reference) => {
                    let owned = reference.elem.to_token_stream();
                    Err(Error::new(
                        reference.span(),
                        format!("a handler owns its arguments: take `{owned}` or `Arc<{owned}>`"),
                    ))
                }
                Type::ImplTrait(ty) => Err(Error::new(
                    ty.span(),
                    "`debug_handler` cannot check an argument of any type; name the type",
                )),
                ty => Ok(ty.clone()),
            },
        })
        .collect()
}

/// Whether the return type of a function that is not `async` looks like a future.
fn gives_future(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return false;
    };
    matches!(**ty, Type::ImplTrait(_))
        || last_name(ty).is_some_and(|name| name.to_string().ends_with("Future"))
}

/// The app's state: `S` of `Handle<S>`, or `T` of the one `State<T>`, or `()` if no argument asks for it.
fn inferred(extractors: &[Type]) -> Result<Type> {
    let of = |name: &str| -> Vec<&Type> {
        let all = extractors.iter();
        all.filter_map(|ty| inner(ty, name)).collect()
    };
    let (handles, states) = (of("Handle"), of("State"));
    let mut candidates = if handles.is_empty() { states } else { handles };
    candidates.dedup_by_key(|ty| ty.to_token_stream().to_string());
    match candidates.as_slice() {
        [] => Ok(syn::parse_quote!(())),
        [state] => Ok((*state).clone()),
        [_, other, ..] => Err(Error::new(
            other.span(),
            "the app's state is not clear from several parts of it: write `#[debug_handler(state = TYPE)]`",
        )),
    }
}

/// The payload of `Arc<P>`.
fn in_arc(ty: &Type) -> Option<&Type> {
    inner(ty, "Arc")
}

/// `T` of a type `name<T>`, by the last part of its path.
fn inner<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == name => Some(inner),
        _ => None,
    }
}

/// The last part of a type's path.
fn last_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}
