// Package deploytest reads the deployment's CloudFormation templates as AWS would: it parses them, resolves their
// intrinsic functions for a set of parameters, and hands what comes out to the tests, which hold it against cfn-lint, the
// schemas of CloudFormation, SAM's own translator, moto, cordon.yaml and GuardDuty's events. It is test support: nothing
// of the product imports it.
package deploytest
