package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
)

// elbState is a Region's Classic Load Balancers.
type elbState struct {
	Balancers map[string]*classicBalancer // by name
}

// classicBalancer is one Classic Load Balancer with its tags. Desc.Instances is sorted by id.
type classicBalancer struct {
	Desc elbtypes.LoadBalancerDescription
	Tags map[string]string
}

func newELB() elbState { return elbState{Balancers: map[string]*classicBalancer{}} }

func (b *classicBalancer) has(id string) bool {
	return slices.ContainsFunc(b.Desc.Instances, func(i elbtypes.Instance) bool { return *i.InstanceId == id })
}

// add registers an instance; one that is registered stays so.
func (b *classicBalancer) add(id string) {
	if b.has(id) {
		return
	}
	b.Desc.Instances = append(b.Desc.Instances, elbtypes.Instance{InstanceId: &id})
	slices.SortFunc(b.Desc.Instances, func(a, b elbtypes.Instance) int { return cmp.Compare(*a.InstanceId, *b.InstanceId) })
}

// remove deregisters an instance, if it is registered.
func (b *classicBalancer) remove(id string) {
	b.Desc.Instances = slices.DeleteFunc(b.Desc.Instances, func(i elbtypes.Instance) bool { return *i.InstanceId == id })
}

// checkedPort is the port of the health check, whose target has the form HTTP:80/path.
func (b *classicBalancer) checkedPort() int {
	_, rest, _ := strings.Cut(aws.ToString(b.Desc.HealthCheck.Target), ":")
	number, _, _ := strings.Cut(rest, "/")
	port, _ := strconv.Atoi(number) // 0, which nothing lets in, cannot come about: ConfigureHealthCheck checks it
	return port
}

// classicPasses says whether an instance passes the balancer's health check.
func (s *state) classicPasses(r *region, b *classicBalancer, id string) bool {
	return r.EC2.isRunning(id) && s.ingressAllowed(r, id, b.checkedPort())
}
