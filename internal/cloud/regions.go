package cloud

import "strings"

// partitions lists each partition with the prefix of its Regions and the Region that its global services' endpoints are
// signed for, the longer prefixes first. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var partitions = []struct{ prefix, partition, home string }{
	{"us-isob-", "aws-iso-b", "us-isob-east-1"},
	{"us-isof-", "aws-iso-f", "us-isof-south-1"},
	{"eu-isoe-", "aws-iso-e", "eu-isoe-west-1"},
	{"us-iso-", "aws-iso", "us-iso-east-1"},
	{"us-gov-", "aws-us-gov", "us-gov-west-1"},
	{"eusc-", "aws-eusc", "eusc-de-east-1"},
	{"cn-", "aws-cn", "cn-north-1"},
}

// partitionOf is the partition of a Region, or of a pseudo Region such as "aws-cn-global", and the Region that its global
// services (IAM) are signed for.
func partitionOf(region string) (partition, home string) {
	for _, p := range partitions {
		if strings.HasPrefix(region, p.prefix) || region == p.partition+globalSuffix {
			return p.partition, p.home
		}
	}
	return "aws", "us-east-1"
}

const globalSuffix = "-global"

// realRegion is the Region to make clients for: region itself, or, for a pseudo Region, the caller's own; without one, the
// home of the partition's global services.
func realRegion(region, own string) string {
	if region != "" && !strings.HasSuffix(region, globalSuffix) {
		return region
	}
	if own != "" {
		return own
	}
	_, home := partitionOf(region)
	return home
}
