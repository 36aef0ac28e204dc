// Package permissions makes the IAM policies that Cordon runs under from what its parts say that they call: each
// action's Permissions, the store's, the vault's, the notices'. Nothing is written down twice; what is written here is the
// scope of each permission: the resources and conditions that IAM can hold it to.
//
//	needs (who calls what) ─┐
//	                        ├─▶ Policy ─▶ JSON · SAM · Terraform · docs/permissions.md
//	scopes (on what, when) ─┘
//
// A policy has placeholders, such as ${Account}; see Placeholders. The test in this package runs every playbook and
// release on the simulated account under exactly these policies, and takes each permission away in turn.
package permissions
