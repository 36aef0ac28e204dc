package awssim

import (
	"cmp"
	"maps"
	"slices"
)

// operations lists every simulated operation, a function a service.
func operations() registry {
	r := registry{}
	registerEC2(r)
	registerScaling(r)
	registerELB(r)
	registerELBV2(r)
	registerIAM(r)
	registerSSM(r)
	registerS3(r)
	registerSTS(r)
	registerGuardDuty(r)
	registerDynamoDB(r)
	registerNotices(r)
	registerTopics(r)
	registerSecrets(r)
	registerSFN(r)
	registerSQS(r)
	return r
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
