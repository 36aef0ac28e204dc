// Package actions is the catalogue of what Cordon can do to an AWS resource; [Catalog] lists it.
//
// Each file is one action and reads top to bottom: its Spec, then Observe, Do and Undo. What several share stands in
// instance.go, attribute.go, instance_profile.go, targets.go and network.go. Calls are retried by the SDK alone; an
// action waits for AWS through *action.Pending, or for seconds only where nothing else can go on meanwhile.
package actions
