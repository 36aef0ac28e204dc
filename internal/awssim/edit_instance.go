package awssim

import (
	"cmp"
	"encoding/base64"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// InstanceSpec describes a running instance to add. Its architecture, bare metal and GPU follow from Type.
type InstanceSpec struct {
	ID            string
	Type          string // t3.large if empty
	Image         string // ami-… of the instance's own digits if empty
	Windows, Spot bool
	NoTermination bool   // termination protection is on
	NoMetadata    bool   // the instance metadata service does not answer
	Profile       string // name of an instance profile; none if empty
	UserData      string // plain text
	Launched      time.Time
	Interfaces    []InterfaceSpec // by device index
	Volumes       []VolumeSpec
	Tags          map[string]string
}

// InterfaceSpec describes a network interface to add.
type InterfaceSpec struct {
	ID, Subnet string
	Groups     []string
	IP         string   // the lowest free address if empty
	IPv6       []string // none if empty
	Public     string   // none if empty
}

// VolumeSpec describes an EBS volume to add.
type VolumeSpec struct {
	ID     string
	Device string // /dev/xvda for the root volume
	Size   int32  // GiB; 8 if zero
	Keep   bool   // when the instance is terminated
	Tags   map[string]string
}

// Instance adds a running instance with its interfaces and volumes.
func (ed *Editor) Instance(spec InstanceSpec) error {
	launched := spec.Launched
	if launched.IsZero() {
		launched = ed.now
	}
	zone := ""
	for i, n := range spec.Interfaces {
		ni, err := ed.newInterface(n)
		if err != nil {
			return err
		}
		zone = *ni.AvailabilityZone
		ed.s.attachInterface(ni, spec.ID, int32(i), i == 0, launched)
	}
	image := cmp.Or(spec.Image, "ami-"+strings.TrimPrefix(spec.ID, "i-"))
	made := ed.s.addInstance(ed.r, launched, newInstance{
		ID: spec.ID, Image: image, Type: cmp.Or(spec.Type, "t3.large"), Zone: zone, Windows: spec.Windows, Spot: spec.Spot,
		NoTermination: spec.NoTermination, UserData: base64.StdEncoding.EncodeToString([]byte(spec.UserData)),
	})
	if spec.NoMetadata {
		made.MetadataOptions.HttpEndpoint = ec2types.InstanceMetadataEndpointStateDisabled
	}
	for _, v := range spec.Volumes {
		volume := ed.s.addVolume(ed.r, launched, v.ID, newVolume{Zone: zone, Size: cmp.Or(v.Size, 8), Type: ec2types.VolumeTypeGp3, Encrypted: true})
		attachVolumeTo(volume, spec.ID, v.Device, !v.Keep, launched)
		ed.r.EC2.setTags(v.ID, v.Tags)
	}
	ed.r.EC2.setTags(spec.ID, spec.Tags)
	if spec.Profile == "" {
		return nil
	}
	p, err := ed.s.findInstanceProfile(&ec2types.IamInstanceProfileSpecification{Name: aws.String(spec.Profile)})
	if err != nil {
		return err
	}
	ed.s.addAssociation(ed.r, launched, spec.ID, &ec2types.IamInstanceProfile{Arn: aws.String(*p.Arn), Id: aws.String(*p.InstanceProfileId)})
	return nil
}

// Interface adds a network interface that is attached to nothing.
func (ed *Editor) Interface(spec InterfaceSpec) error {
	_, err := ed.newInterface(spec)
	return err
}

func (ed *Editor) newInterface(spec InterfaceSpec) (*ec2types.NetworkInterface, error) {
	sub, err := find(ed.r.EC2.Subnets, kindSubnet(), spec.Subnet)
	if err != nil {
		return nil, err
	}
	groups, err := ed.r.EC2.groupsOf(*sub.VpcId, spec.Groups)
	if err != nil {
		return nil, err
	}
	return ed.s.addInterface(ed.r, newInterface{
		ID: spec.ID, Subnet: spec.Subnet, Groups: groups, IP: spec.IP, IPv6: spec.IPv6, Public: spec.Public,
	})
}
