//! Who does what: names of models are followed, and roles that nobody named are filled.

use std::collections::BTreeMap;

use super::Resolver;
use crate::config::check::join;
use crate::config::error::FaultKind;
use crate::model::Role;

impl Resolver<'_> {
    /// The models of each role; no entry is empty.
    pub(super) fn roles(&mut self) -> BTreeMap<Role, Vec<String>> {
        let named = Role::ALL.map(|role| (role, self.named(role)));
        let edit = named
            .iter()
            .find_map(|(role, list)| if *role == Role::Edit { list.clone() } else { None })
            .or_else(|| self.only_model())
            .unwrap_or_default();
        let filled = named.into_iter().map(|(role, list)| {
            let unnamed = || match role {
                // Not every model can fill in a middle, and whoever can is asked at every rest of the typing: with
                // several models that is the user's choice.
                Role::Completion => {
                    self.only_model().filter(|names| names.iter().all(|name| self.fills(name)))
                }
                _ => Some(edit.clone()),
            };
            (role, list.or_else(unnamed).unwrap_or_default())
        });
        filled.filter(|(_, list)| !list.is_empty()).collect()
    }

    /// What the file says of a role, judged.
    fn named(&mut self, role: Role) -> Option<Vec<String>> {
        let list = self.file.roles.of(role)?.to_vec();
        for (index, name) in list.iter().enumerate() {
            let key = format!("roles.{role}[{index}]");
            if !self.file.models.contains_key(name) {
                let known = self.file.models.keys().cloned().collect();
                self.fault(&key, FaultKind::UnknownModel { name: name.clone(), known });
            } else if role == Role::Completion && !self.fills(name) {
                self.fault(&key, FaultKind::CannotFill(name.clone()));
            }
        }
        Some(list)
    }

    fn only_model(&self) -> Option<Vec<String>> {
        let mut names = self.file.models.keys();
        names.next().filter(|_| names.next().is_none()).map(|name| vec![name.clone()])
    }

    fn fills(&self, model: &str) -> bool {
        self.file.models.get(model).is_some_and(|model| model.fill.is_some() || model.fill_template.is_some())
    }

    /// The weights of each role's first place; no entry is empty.
    pub(super) fn splits(
        &mut self,
        roles: &BTreeMap<Role, Vec<String>>,
    ) -> BTreeMap<Role, BTreeMap<String, u32>> {
        let mut splits = BTreeMap::new();
        for role in Role::ALL {
            let weights = self.file.split.of(role);
            let known = roles.get(&role).map(Vec::as_slice).unwrap_or_default();
            for name in weights.keys().filter(|name| !known.contains(name)) {
                let key = join(&format!("split.{role}"), name);
                let kind = FaultKind::NotInRole { role, name: name.clone(), known: known.to_vec() };
                self.fault(&key, kind);
            }
            if !weights.is_empty() {
                splits.insert(role, weights.iter().map(|(name, weight)| (name.clone(), weight.0)).collect());
            }
        }
        splits
    }
}
