package doctor

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/cloud"
)

// patient is the account and Region under examination, and what several checks read of it. The reads are made once.
type patient struct {
	Options
	*cloud.Clients
	cfg       aws.Config // guarded
	account   string
	partition string
	arn       string // the caller's

	instances func() ([]ec2types.Instance, error)    // pending and running
	endpoints func() ([]ec2types.VpcEndpoint, error) // available
}

func newPatient(o Options) *patient {
	cfg := cloud.ReadOnly(o.AWS)
	return &patient{Options: o, cfg: cfg, Clients: cloud.New(cfg, "")}
}

// in is the guarded configuration for another Region ("" for the same).
func (p *patient) in(region string) aws.Config {
	cfg := p.cfg.Copy()
	if region != "" {
		cfg.Region = region
	}
	return cfg
}

// share prepares the reads that several checks need.
func (p *patient) share(ctx context.Context) {
	p.instances = sync.OnceValues(func() ([]ec2types.Instance, error) { return p.describeInstances(ctx) })
	p.endpoints = sync.OnceValues(func() ([]ec2types.VpcEndpoint, error) { return p.describeEndpoints(ctx) })
}

func (p *patient) describeInstances(ctx context.Context) (out []ec2types.Instance, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pages := ec2.NewDescribeInstancesPaginator(p.EC2, &ec2.DescribeInstancesInput{
		Filters:    []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"pending", "running"}}},
		MaxResults: aws.Int32(1000),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Reservations {
			out = append(out, r.Instances...)
		}
	}
	return out, nil
}

func (p *patient) describeEndpoints(ctx context.Context) (out []ec2types.VpcEndpoint, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pages := ec2.NewDescribeVpcEndpointsPaginator(p.EC2, &ec2.DescribeVpcEndpointsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.VpcEndpoints {
			if strings.EqualFold(string(e.State), string(ec2types.StateAvailable)) { // EC2 writes it small, the SDK large
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// byVPC gives the ids of the instances in each VPC.
func byVPC(instances []ec2types.Instance) map[string][]string {
	out := map[string][]string{}
	for _, i := range instances {
		if vpc := aws.ToString(i.VpcId); vpc != "" { // none while it is being terminated
			out[vpc] = append(out[vpc], aws.ToString(i.InstanceId))
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
