package cloud

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

const (
	// share is the part of AWS's rates that Pace uses: calls arrive less evenly than they are sent.
	share = 0.9
	// reserved is the part of a bucket that calls which are not urgent leave.
	reserved = 0.3
)

// limit is one of AWS's token buckets: its size, and the tokens that it gains in a second.
type limit struct {
	family        string
	burst, refill float64
	global        bool // one for all Regions
}

// limitOf is the bucket that a call draws from; false for a call that is not paced: AWS allows hundreds a second (STS, S3)
// or Cordon makes few.
//
// EC2 has a bucket for each API, ELB one for each of its two API versions. IAM, Auto Scaling and Systems Manager do not
// publish theirs; these are low guesses.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
func limitOf(service, operation string, input any) (limit, bool) {
	switch service {
	case "EC2":
		return ec2Limit(operation, input), true
	case "Elastic Load Balancing", "Elastic Load Balancing v2":
		return limit{family: service, burst: 40, refill: 10}, true
	case "IAM":
		if Reads(operation) {
			return limit{family: "IAM reads", burst: 60, refill: 10, global: true}, true
		}
		return limit{family: "IAM writes", burst: 30, refill: 5, global: true}, true
	case "Auto Scaling", "SSM":
		return limit{family: service + " " + operation, burst: 30, refill: 5}, true
	default:
		return limit{}, false
	}
}

func ec2Limit(operation string, input any) limit {
	l := limit{family: "EC2 " + operation, burst: 50, refill: 5}
	switch operation {
	case "ModifyNetworkInterfaceAttribute", "CreateSnapshots", "AssociateIamInstanceProfile", "DisassociateIamInstanceProfile":
		l.burst = 100
	case "CreateTags":
		l.burst, l.refill = 100, 10
	case "GetConsoleOutput", "GetConsoleScreenshot": // in no published class
	default:
		switch {
		case !Reads(operation):
		case unfiltered(input):
			l.family, l.refill = l.family+" unfiltered", 10
		default:
			l.burst, l.refill = 100, 20
		}
	}
	return l
}

// unfiltered says whether a call asks for all that there is, without pages.
func unfiltered(input any) bool {
	switch in := input.(type) {
	case *ec2.DescribeInstancesInput:
		return len(in.InstanceIds) == 0 && len(in.Filters) == 0 && in.MaxResults == nil
	case *ec2.DescribeNetworkInterfacesInput:
		return len(in.NetworkInterfaceIds) == 0 && len(in.Filters) == 0 && in.MaxResults == nil
	case *ec2.DescribeSecurityGroupsInput:
		return len(in.GroupIds) == 0 && len(in.GroupNames) == 0 && len(in.Filters) == 0 && in.MaxResults == nil
	default:
		return false
	}
}
