package finding

import "strings"

// arn is an Amazon Resource Name taken apart; all empty when it is none.
type arn struct{ partition, service, region, account, resource string }

func parseARN(s string) arn {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return arn{}
	}
	return arn{partition: p[1], service: p[2], region: p[3], account: p[4], resource: p[5]}
}

// name is the last part of the resource: of "cluster/demo" or "function:demo", "demo".
func (a arn) name() string {
	return a.resource[strings.LastIndexAny(a.resource, "/:")+1:]
}

// partitions lists each partition with the prefix of its Regions, the longer prefixes first.
var partitions = []struct{ prefix, partition string }{
	{"us-isob-", "aws-iso-b"},
	{"us-isof-", "aws-iso-f"},
	{"eu-isoe-", "aws-iso-e"},
	{"us-iso-", "aws-iso"},
	{"us-gov-", "aws-us-gov"},
	{"eusc-", "aws-eusc"},
	{"cn-", "aws-cn"},
}

// partitionOf is the partition a Region belongs to.
func partitionOf(region string) string {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}

// globalRegion is the pseudo Region of a partition's global services, as the SDK spells it.
func globalRegion(partition string) string { return partition + "-global" }
