package doctor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

const (
	groupQuota    = 2500 // security groups a Region, AWS's default
	groupHeadroom = 50   // what Cordon wants free: a case makes up to four groups a VPC
)

// checkGroupQuota counts the Region's security groups: isolation makes new ones. An interface needs no more room, as
// isolation leaves it in one group. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
func checkGroupQuota(ctx context.Context, p *patient) ([]Result, error) {
	n := 0
	pages := ec2.NewDescribeSecurityGroupsPaginator(p.EC2, &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		n += len(page.SecurityGroups)
	}
	return one(groupRoom(n, p.Region))
}

func groupRoom(n int, region string) Result {
	r := Result{Check: "network.groups", Severity: OK, Found: fmt.Sprintf("%s in %s; AWS's default quota is %d", count(n, "security group"), region, groupQuota)}
	if n > groupQuota-groupHeadroom {
		r.Severity = Warning
		r.Found += ": isolation, which makes new ones, fails where the quota is reached"
		r.Remedy = "delete what is not used, or compare and raise the quota: aws service-quotas get-service-quota --service-code vpc --quota-code L-E79EC296 --region " + region
	}
	return r
}
