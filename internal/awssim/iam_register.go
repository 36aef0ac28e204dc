package awssim

func registerIAM(r registry) {
	registerIAMUsers(r)
	registerIAMRoles(r)
	registerIAMInline(r)
	registerIAMPolicies(r)
	registerIAMVersions(r)
	registerIAMAttached(r)
	registerIAMKeys(r)
	registerIAMProfiles(r)
	registerIAMSimulation(r)
}
