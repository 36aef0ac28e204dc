package awssim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// launch describes an instance that the account itself launches, as Auto Scaling does.
type launch struct {
	Image, Type, Subnet string
	Groups              []string          // the VPC's default group if empty
	Profile             string            // instance profile's name; none if empty
	Tags                map[string]string // may contain aws: keys
}

// launchInstance starts an instance and gives its id, "" when the subnet has no place for it.
func (s *state) launchInstance(r *region, now time.Time, l launch) string {
	e := &r.EC2
	sub, ok := e.Subnets[l.Subnet]
	if !ok {
		return ""
	}
	groups, err := e.groupsOf(*sub.VpcId, l.Groups)
	if err != nil {
		groups = nil // groups that are gone since the group was made: start with none rather than not at all
	}
	ni, err := s.addInterface(r, newInterface{ID: s.newID("eni"), Subnet: l.Subnet, Groups: groups})
	if err != nil {
		return ""
	}
	id := s.newID("i")
	i := s.addInstance(r, now, newInstance{ID: id, Image: l.Image, Type: l.Type, Zone: *sub.AvailabilityZone})
	i.State = instanceState(ec2types.InstanceStateNamePending)
	s.attachInterface(ni, id, 0, true, now)
	v := s.addVolume(r, now, s.newID("vol"), newVolume{Zone: *sub.AvailabilityZone, Size: 8, Type: ec2types.VolumeTypeGp3})
	attachVolumeTo(v, id, rootDevice, true, now)
	if p, err := s.findInstanceProfile(&ec2types.IamInstanceProfileSpecification{Name: aws.String(l.Profile)}); l.Profile != "" && err == nil {
		s.addAssociation(r, now, id, &ec2types.IamInstanceProfile{Arn: aws.String(*p.Arn), Id: aws.String(*p.InstanceProfileId)})
	}
	e.setTags(id, l.Tags)
	return id
}

// isRunning says whether the instance exists and runs.
func (e *ec2State) isRunning(id string) bool {
	i, ok := e.Instances[id]
	return ok && i.State.Name == ec2types.InstanceStateNameRunning
}
