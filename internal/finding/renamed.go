package finding

import "slices"

// renamed has, for finding types that GuardDuty took out of use, those that report the same thing now. From
// https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-retired.html and the guide's document history.
var renamed = map[string][]string{
	"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration": {
		"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS",
		"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
	},
	"Discovery:S3/BucketEnumeration.Unusual":    {"Discovery:S3/AnomalousBehavior"},
	"Exfiltration:S3/ObjectRead.Unusual":        {"Exfiltration:S3/AnomalousBehavior"},
	"Impact:S3/ObjectDelete.Unusual":            {"Impact:S3/AnomalousBehavior.Delete"},
	"Impact:S3/PermissionsModification.Unusual": {"Impact:S3/AnomalousBehavior.Permission"},
	"PrivilegeEscalation:Kubernetes/PrivilegedContainer": {
		"PrivilegeEscalation:Kubernetes/AnomalousBehavior.WorkloadDeployed!PrivilegedContainer",
	},
	"Persistence:Kubernetes/ContainerWithSensitiveMount": {
		"Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount",
	},
}

// merged has the retired types whose cases a broader type reports now, among others.
var merged = map[string][]string{
	"Persistence:IAMUser/NetworkPermissions":                {"Persistence:IAMUser/AnomalousBehavior"},
	"Persistence:IAMUser/ResourcePermissions":               {"Persistence:IAMUser/AnomalousBehavior"},
	"Persistence:IAMUser/UserPermissions":                   {"Persistence:IAMUser/AnomalousBehavior"},
	"PrivilegeEscalation:IAMUser/AdministrativePermissions": {"PrivilegeEscalation:IAMUser/AnomalousBehavior"},
	"Recon:IAMUser/NetworkPermissions":                      {"Discovery:IAMUser/AnomalousBehavior"},
	"Recon:IAMUser/ResourcePermissions":                     {"Discovery:IAMUser/AnomalousBehavior"},
	"Recon:IAMUser/UserPermissions":                         {"Discovery:IAMUser/AnomalousBehavior"},
	"Stealth:IAMUser/LoggingConfigurationModified":          {"DefenseEvasion:IAMUser/AnomalousBehavior"},
	"ResourceConsumption:IAMUser/ComputeResources":          {"Impact:IAMUser/AnomalousBehavior"},
}

// Names are the names under which GuardDuty reports, or reported, what a finding type stands for: the type itself first,
// then the others, sorted. With broader also those of retired types that it took in beside others: what is meant for them
// reaches further than it did then, so only what acts on a finding may go by these, never what leaves one alone.
func Names(findingType string, broader bool) []string {
	tables := []map[string][]string{renamed}
	if broader {
		tables = append(tables, merged)
	}
	var out []string
	for _, table := range tables {
		out = append(out, table[findingType]...)
		for old, now := range table {
			if slices.Contains(now, findingType) {
				out = append(out, old)
			}
		}
	}
	slices.Sort(out)
	return append([]string{findingType}, slices.Compact(out)...)
}
