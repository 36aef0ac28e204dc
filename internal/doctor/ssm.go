package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/config"
)

// liveResponse says whether the configuration has live response.
func liveResponse(c config.Config) bool { return c.EC2.LiveResponse.Channel != "" }

// checkManaged says, for each VPC, how many of its instances Systems Manager reaches: live response runs on them alone.
func checkManaged(ctx context.Context, p *patient) ([]Result, error) {
	if !liveResponse(p.Config) {
		return one(Result{
			Check: "ssm.instances", Severity: Note, Found: "live response is off: nothing is asked of an isolated host itself",
			Remedy: "set ec2.live_response.channel: https and ec2.quarantine_profile (parameter LiveResponse)",
		})
	}
	instances, err := p.instances()
	if err != nil {
		return nil, err
	}
	online := map[string]bool{}
	pages := ssm.NewDescribeInstanceInformationPaginator(p.SSM, &ssm.DescribeInstanceInformationInput{MaxResults: aws.Int32(50)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, info := range page.InstanceInformationList {
			online[aws.ToString(info.InstanceId)] = info.PingStatus == ssmtypes.PingStatusOnline
		}
	}
	vpcs := byVPC(instances)
	var results []Result
	for _, vpc := range sortedKeys(vpcs) {
		results = append(results, coverage(vpc, vpcs[vpc], online))
	}
	return results, nil
}

func coverage(vpc string, instances []string, online map[string]bool) Result {
	missing := slices.DeleteFunc(slices.Sorted(slices.Values(instances)), func(id string) bool { return online[id] })
	r := Result{
		Check: "ssm.instances", Severity: OK, Subject: vpc,
		Found: fmt.Sprintf("%d of %s online in Systems Manager", len(instances)-len(missing), count(len(instances), "instance")),
	}
	if len(missing) > 0 {
		r.Severity = Warning
		r.Found += "; live response is skipped on " + some(missing, 5)
		r.Remedy = "give them the agent, an instance profile that allows Systems Manager (AmazonSSMManagedInstanceCore), and a way out on 443"
	}
	return r
}

// channelServices are what live response needs to reach; without the first two the channel is open to everywhere.
var channelServices = []string{"ssm", "ssmmessages", "ec2messages", "s3"}

// checkEndpoints says, for each VPC, whether the 443 channel of live response can be held to the VPC's own endpoints.
func checkEndpoints(_ context.Context, p *patient) ([]Result, error) {
	if !liveResponse(p.Config) {
		return nil, nil
	}
	instances, err := p.instances()
	if err != nil {
		return nil, err
	}
	endpoints, err := p.endpoints()
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, vpc := range sortedKeys(byVPC(instances)) {
		results = append(results, channel(vpc, p.Region, endpoints))
	}
	return results, nil
}

func channel(vpc, region string, endpoints []ec2types.VpcEndpoint) Result {
	have := map[string]bool{}
	for _, e := range endpoints {
		name := aws.ToString(e.ServiceName)
		service := name[strings.LastIndex(name, ".")+1:]
		if aws.ToString(e.VpcId) == vpc && (e.VpcEndpointType == ec2types.VpcEndpointTypeInterface || service == "s3") {
			have[service] = true
		}
	}
	missing := slices.DeleteFunc(slices.Clone(channelServices), func(s string) bool { return have[s] })
	r := Result{
		Check: "ssm.endpoints", Severity: OK, Subject: vpc,
		Found: "has endpoints for Systems Manager and S3: the channel of live response stays inside the VPC",
	}
	switch {
	case len(missing) == 0:
		return r
	case !have["ssm"] || !have["ssmmessages"]:
		r.Severity = Note
		r.Found = fmt.Sprintf("no endpoints for %s: while live response runs, 443 is open to everywhere", strings.Join(missing, ", "))
	default: // the channel is held to the endpoints that are there
		r.Severity = Warning
		r.Found = fmt.Sprintf("endpoints for Systems Manager, but none for %s: while live response runs, the host may not reach it", strings.Join(missing, ", "))
	}
	r.Remedy = fmt.Sprintf("aws ec2 create-vpc-endpoint --region %s --vpc-id %s --vpc-endpoint-type Interface --service-name com.amazonaws.%s.%s (S3 as a Gateway)", region, vpc, region, missing[0])
	return r
}
