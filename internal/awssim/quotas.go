package awssim

import (
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/time/rate"
)

// quotas are the account's token buckets for API calls, with Options.Quotas.
type quotas struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// refuse takes a token for the call; where there is none, it is the error that AWS answers.
func (q *quotas) refuse(c Call, now time.Time) error {
	name, burst, refill := quota(c)
	if name == "" {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	b, ok := q.buckets[name]
	if !ok {
		if q.buckets == nil {
			q.buckets = map[string]*rate.Limiter{}
		}
		b = rate.NewLimiter(rate.Limit(refill), burst)
		q.buckets[name] = b
	}
	if !b.AllowN(now, 1) {
		return Throttled(c)
	}
	return nil
}

// quota is the bucket that a call draws from: its size and the tokens it gains a second; "" for a call that is not limited
// here. EC2 has one an API and Region; ELB one a Region for all actions of each API version. IAM, Auto Scaling and Systems
// Manager do not publish theirs: these are guesses.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
func quota(c Call) (bucket string, burst int, refill float64) {
	reads := strings.HasPrefix(c.Operation, "Describe") || strings.HasPrefix(c.Operation, "Get") || strings.HasPrefix(c.Operation, "List")
	in := c.Region + "/" + c.Service
	switch c.Service {
	case "EC2":
		in += "/" + c.Operation
		switch {
		case everything(c.Input):
			return in + "/all", 50, 10
		case strings.HasPrefix(c.Operation, "Describe"):
			return in, 100, 20
		}
		switch c.Operation {
		case "CreateTags":
			return in, 100, 10
		case "ModifyNetworkInterfaceAttribute", "CreateSnapshots", "AssociateIamInstanceProfile", "DisassociateIamInstanceProfile":
			return in, 100, 5
		}
		return in, 50, 5
	case "Elastic Load Balancing", "Elastic Load Balancing v2":
		return in, 40, 10
	case "IAM":
		if reads {
			return "IAM/reads", 60, 10
		}
		return "IAM/writes", 30, 5
	case "Auto Scaling", "SSM":
		return in + "/" + c.Operation, 30, 5
	}
	return "", 0, 0
}

// everything says whether a call asks for all there is, unfiltered and without pages.
func everything(input any) bool {
	switch in := input.(type) {
	case *ec2.DescribeInstancesInput:
		return len(in.InstanceIds)+len(in.Filters) == 0 && in.MaxResults == nil
	case *ec2.DescribeNetworkInterfacesInput:
		return len(in.NetworkInterfaceIds)+len(in.Filters) == 0 && in.MaxResults == nil
	case *ec2.DescribeSecurityGroupsInput:
		return len(in.GroupIds)+len(in.GroupNames)+len(in.Filters) == 0 && in.MaxResults == nil
	}
	return false
}
