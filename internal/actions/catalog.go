package actions

import "cordon/internal/action"

// Catalog lists every action, in the order of the documentation: instances (what cuts off, protects, collects), identities, buckets.
func Catalog() []action.Action {
	return distinct([]action.Action{
		isolateNetwork(),
		sealNetwork(),
		blockRemoteIP(),
		detachASG(),
		revokeInstanceRoleSessions(),
		protectTermination(),
		protectStop(),
		setShutdownBehavior(),
		preserveVolumes(),
		tagInstance(),
		snapshotVolumes(),
		mapPaths(),
		captureMetadata(),
		screenshot(),
		deregisterClassicELB(),
		deregisterTargets(),
		quarantineProfile(),
		liveResponse(),
		captureMemory(),
		removeProfile(),
		revokeRoleSessions(),
		revokeUserSessions(),
		disableAccessKey(),
		blockPublicAccess(),
	})
}

// distinct panics on two actions of one id: that is a mistake in the program.
func distinct(list []action.Action) []action.Action {
	seen := map[string]bool{}
	for _, a := range list {
		if seen[a.ID] {
			panic("actions: two actions are called " + a.ID)
		}
		seen[a.ID] = true
	}
	return list
}
